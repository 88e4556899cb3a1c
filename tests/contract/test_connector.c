/* What every connector must do, whatever it speaks: the contract of connectord/connectors/connector.h. Each case runs against each connector, over
 * the same script of messages (connector_backends.h).
 */
#include "tests/contract/connector_fixture.h"
#include "tests/contract/past_cases.h"
#include "tests/unit/run_tests.h"

START_TEST(connected_comes_once_from_the_loop_before_anything_else)
{
    begin(_i, 1);
    add_trade(symbols[0], 1);
    backend->start();
    open_connector();
    settle();
    ck_assert_int_eq(told.connected, 0);
    call(connector->connect);
    UNTIL(told.connected);
    settle();
    ck_assert_int_eq(told.connected, 1);
    ck_assert_int_eq(told.trades, 0);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

START_TEST(subscribe_is_confirmed)
{
    begin(_i, 1);
    connect_and_subscribe();
    UNTIL(told.confirmed[true]);
    settle();
    ck_assert_int_eq(told.confirmed[true], 1);
    ck_assert_int_eq(told.confirmed[false], 0);
}
END_TEST

static void subscribe_first(void)
{
    told.inside = true;
    connector->subscribe(instance, symbol_texts[0]);
    told.inside = false;
}

START_TEST(a_symbol_that_was_refused_can_be_asked_for_again_on_the_same_connection)
{
    begin(_i, 1);
    if (!backend->refuses)
        return;
    add_trade(symbols[0], 1);
    refusals = 2;
    connect_and_subscribe();
    for (int i = 1; i <= 2; i++) {
        UNTIL(told.rejected == i);
        settle();
        ck_assert_int_eq(told.rejected, i); /* when it is asked for again is not the connector's to say */
        subscribe_first();
    }
    UNTIL(told.trades == 1);
    ck_assert_int_eq(told.confirmed[true], 1);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

START_TEST(each_subscribe_is_answered)
{
    begin(_i, 1);
    connect_and_subscribe();
    UNTIL(told.confirmed[true] == 1);
    subscribe_first();
    UNTIL(told.confirmed[true] == 2);
    connector->unsubscribe(instance, symbol_texts[0]);
    subscribe_first();
    UNTIL(told.confirmed[true] == 3);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

/* The script's text of a trade, found again. */
static int checked;

static void check_exact_trade(const trade_t *trade)
{
    char wanted[512], found[512];
    snprintf(wanted, sizeof wanted, "%s", script[checked++]);
    snprintf(
        found, sizeof found,
        "\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"%.*s\",\"timestamp\":\"%.*s\",\"side\":\"%s\",\"qty\":%.*s,"
        "\"price\":%.*s,\"trade_id\":\"%.*s\"}",
        TEXT_ARG(trade->symbol), TEXT_ARG(trade->timestamp), trade->side == SIDE_BUY ? "buy" : "sell", TEXT_ARG(trade->qty),
        TEXT_ARG(trade->price), TEXT_ARG(trade->id));
    ck_assert_str_eq(found, wanted);
}

START_TEST(trades_come_once_in_order_with_their_exact_text)
{
    begin(_i, 2);
    for (int i = 1; i <= 2500; i++)
        add_trade(symbols[i % 2], i);
    checked = 0;
    upon_trade = check_exact_trade;
    connect_and_subscribe();
    UNTIL(told.trades == 2500);
    settle();
    ck_assert_int_eq(told.trades, 2500);
    ck_assert_int_eq(told.gaps + told.malformed + told.lost, 0);
}
END_TEST

START_TEST(no_trade_comes_of_a_symbol_that_was_never_subscribed)
{
    begin(_i, 1);
    for (int i = 1; i <= 100; i++)
        add_trade(i % 10 == 0 ? symbols[0] : i % 2 ? "ETH-USD" : "XRP-USD", i);
    connect_and_subscribe();
    UNTIL(told.trades == 10);
    settle();
    ck_assert_int_eq(told.trades, 10);
    ck_assert_int_eq(told.foreign, 0);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

static void unsubscribe_first(const trade_t *trade)
{
    if (text_equal(trade->id, TEXT("1")))
        connector->unsubscribe(instance, symbol_texts[0]);
}

/* What the exchange goes on to send of the symbol is not let through. A trade of the other symbol marks the script's end. */
START_TEST(no_trade_comes_after_a_confirmed_unsubscribe)
{
    begin(_i, 2);
    if (backend->pushed)
        return;
    for (int i = 1; i <= 2000; i++)
        add_trade(symbols[0], i);
    add_trade(symbols[1], 2001);
    upon_trade = unsubscribe_first;
    connect_and_subscribe();
    UNTIL(told.confirmed[false] && told.foreign);
    if (backend->start == exchange_start) { /* once more: the file has an end, an exchange that misbehaves has none */
        exchange_play();
        UNTIL(told.foreign == 2);
    }
    ck_assert_int_eq(told.trades_since_unsubscribed, 0);
    ck_assert_int_eq(told.confirmed[false], 1);
    ck_assert_int_eq(told.lost, 0);
}
END_TEST

static void disconnect_at_third(const trade_t *trade)
{
    if (text_equal(trade->id, TEXT("3")))
        connector->disconnect(instance);
}

START_TEST(nothing_comes_after_disconnect)
{
    begin(_i, 1);
    for (int i = 1; i <= 1000; i++)
        add_trade(symbols[0], i);
    upon_trade = disconnect_at_third;
    connect_and_subscribe();
    UNTIL(told.trades == 3);
    settle();
    ck_assert_int_eq(told.trades, 3);
    ck_assert_int_eq(told.lost, 0);
    call(connector->disconnect); /* fine when there is none */
}
END_TEST

START_TEST(after_a_disconnect_it_connects_anew_without_a_subscription)
{
    begin(_i, 1);
    for (int i = 1; i <= 10; i++)
        add_trade(symbols[0], i);
    connect_and_subscribe();
    UNTIL(told.trades == 10);
    call(connector->disconnect);
    told = (connector_told_t){0};
    for (int i = 11; backend->remembers && i <= 20; i++)
        add_trade(symbols[0], i);
    call(connector->connect);
    UNTIL(told.connected);
    settle();
    ck_assert_int_eq(told.trades, 0);
    connector->subscribe(instance, symbol_texts[0]);
    UNTIL(told.trades == 10);
    ck_assert_int_eq(told.confirmed[true], 1);
}
END_TEST

START_TEST(malformed_messages_are_told_and_the_good_ones_around_them_come)
{
    static const char *const malformed[] = {
        "nonsense", "{\"seqnum\":",
        "[]",       "{\"event\":\"updated\",\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"price\":\"1\"}",
        "\xff\xfe", "{\"event\":\"exploded\",\"channel\":\"trades\"}",
    };
    int count = sizeof malformed / sizeof *malformed;
    begin(_i, 1);
    for (int i = 0; i < count; i++) {
        add_trade(symbols[0], i + 1);
        add_message(strdup(malformed[i]));
    }
    add_trade(symbols[0], count + 1);
    connect_and_subscribe();
    UNTIL(told.trades == count + 1);
    ck_assert_int_eq(told.malformed, count - backend->others);
    ck_assert_int_eq(told.lost + told.gaps, 0);
}
END_TEST

START_TEST(backend_that_is_not_there_is_a_loss_with_a_reason)
{
    begin(_i, 1);
    if (backend->pushed)
        return;
    backend->take_away();
    open_connector();
    for (int i = 0; i < 3; i++) { /* and may be tried again */
        told = (connector_told_t){0};
        call(connector->connect);
        UNTIL(told.lost);
        ck_assert_int_gt(strlen(told.reason), 0);
        ck_assert_int_eq(told.connected, 0);
        settle();
        ck_assert_int_eq(told.lost, 1);
    }
}
END_TEST

START_TEST(disconnect_while_connecting_is_the_end_of_it)
{
    begin(_i, 1);
    if (backend->pushed)
        backend->start();
    else
        backend->take_away();
    open_connector();
    call(connector->connect);
    call(connector->disconnect);
    settle();
    ck_assert_int_eq(told.lost + told.connected, 0);
    call(connector->connect);
    UNTIL(told.lost + told.connected);
    ck_assert_int_eq(backend->pushed ? told.connected : told.lost, 1);
}
END_TEST

/* From not even connected to well into the script, a turn of the loop more each time. */
START_TEST(close_in_any_state_leaves_nothing_behind)
{
    begin(_i, 1);
    for (int i = 1; i <= 2000; i++)
        add_trade(symbols[0], i);
    backend->start();
    for (int turns = -1; turns < 40; turns++) {
        told = (connector_told_t){0};
        open_connector();
        if (turns >= 0)
            call(connector->connect);
        for (int i = 0; i < turns; i++) {
            bool was_connected = told.connected;
            uv_run(loop_uv(loop), UV_RUN_NOWAIT);
            if (told.connected && !was_connected)
                connector->subscribe(instance, symbol_texts[0]);
        }
        connector_told_t before = told;
        call(connector->close);
        instance = NULL;
        settle();
        ck_assert_mem_eq(&told, &before, sizeof told);
    }
}
END_TEST

START_TEST(close_takes_nothing)
{
    begin(_i, 1);
    connector->close(NULL);
}
END_TEST

START_TEST(settings_of_no_use_are_refused)
{
    begin(_i, 1);
    config.url = "no url";
    setting("file")->text = "";
    ck_assert_ptr_null(connector->open(loop, web, &config, &events, &told));
}
END_TEST

static int connector_count(void)
{
    int count = 0;
    while (connector_at((size_t)count))
        count++;
    return count;
}

int main(void)
{
    TCase *tests = tcase_create("connector");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    int count = connector_count();
    tcase_add_loop_test(tests, connected_comes_once_from_the_loop_before_anything_else, 0, count);
    tcase_add_loop_test(tests, subscribe_is_confirmed, 0, count);
    tcase_add_loop_test(tests, a_symbol_that_was_refused_can_be_asked_for_again_on_the_same_connection, 0, count);
    tcase_add_loop_test(tests, each_subscribe_is_answered, 0, count);
    tcase_add_loop_test(tests, trades_come_once_in_order_with_their_exact_text, 0, count);
    tcase_add_loop_test(tests, no_trade_comes_of_a_symbol_that_was_never_subscribed, 0, count);
    tcase_add_loop_test(tests, no_trade_comes_after_a_confirmed_unsubscribe, 0, count);
    tcase_add_loop_test(tests, nothing_comes_after_disconnect, 0, count);
    tcase_add_loop_test(tests, after_a_disconnect_it_connects_anew_without_a_subscription, 0, count);
    tcase_add_loop_test(tests, malformed_messages_are_told_and_the_good_ones_around_them_come, 0, count);
    tcase_add_loop_test(tests, backend_that_is_not_there_is_a_loss_with_a_reason, 0, count);
    tcase_add_loop_test(tests, disconnect_while_connecting_is_the_end_of_it, 0, count);
    tcase_add_loop_test(tests, close_in_any_state_leaves_nothing_behind, 0, count);
    tcase_add_loop_test(tests, close_takes_nothing, 0, count);
    tcase_add_loop_test(tests, settings_of_no_use_are_refused, 0, count);
    past_add_cases(tests, count);
    return RUN_TESTS("connector", tests);
}
