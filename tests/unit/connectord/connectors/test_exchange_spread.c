/* A conversation that is spread over several connections, of two symbols each, with a protocol of a word a message:
 *
 *     said:   +BTC-USD    -BTC-USD
 *     heard:  ok BTC-USD    un BTC-USD    no BTC-USD    and each event of a connector by its name
 */
#include "connectord/connectors/exchange_spread.h"

#include "common/clock.h"
#include "tests/unit/exchange_fixture.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/websocket_crowd.h"

static exchange_spread_t spread;

static void tell(void *arg, told_symbol_t *change)
{
    exchange_session_t *session = arg;
    ck_assert_ptr_eq(exchange_spread_of(session), &spread);
    buffer_clear(&session->out);
    buffer_printf(&session->out, "%c%.*s", change->wanted ? '+' : '-', TEXT_ARG(change->symbol));
    exchange_session_send(session, buffer_text(&session->out));
    told_symbol_sent(change);
}

static void on_open(void *arg)
{
    (void)arg;
}

static void on_message(void *arg, text_t message)
{
    exchange_session_t *session = arg;
    const connector_events_t *up = session->events;
    trade_t trade = {.id = message, .received_ns = 1};
    text_t symbol = {message.at + 3, message.length > 3 ? message.length - 3 : 0};
    up->on_received(session->arg, message, 1);
    if (text_starts_with(message, TEXT("ok ")))
        exchange_session_confirm(session, told_symbols_find(&session->symbols, symbol), true);
    else if (text_starts_with(message, TEXT("un ")))
        exchange_session_confirm(session, told_symbols_find(&session->symbols, symbol), false);
    else if (text_starts_with(message, TEXT("no ")))
        up->on_rejected(session->arg, symbol, TEXT("no"));
    else if (text_equal(message, TEXT("shutdown")))
        exchange_spread_lose(&spread, "shut down");
    else if (text_equal(message, TEXT("former")))
        up->on_former(session->arg, &trade, NULL);
    else if (text_equal(message, TEXT("tail")))
        up->on_tail(session->arg, TEXT("BTC-USD"), 7);
    else if (text_equal(message, TEXT("gap")))
        up->on_gap(session->arg, 1, 2);
    else if (text_equal(message, TEXT("?")))
        exchange_session_report(session, "unusable", message);
    else
        up->on_trade(session->arg, &trade, NULL);
}

static void on_unreadable(void *arg, const char *reason, text_t sample)
{
    exchange_session_report(arg, reason, sample);
}

static exchange_protocol_t protocol = {
    .origin = "", .on_open = on_open, .tell = tell, .on_message = on_message, .on_unreadable = on_unreadable};

static void answer(websocket_server_t *client, text_t message)
{
    char text[64];
    snprintf(text, sizeof text, "%s%.*s", message.at[0] == '+' ? "ok " : "un ", (int)message.length - 1, message.at + 1);
    server_send(client, text);
}

static void set_up(void)
{
    exchange_set_up();
    crowd_start(web);
    crowd.upon_message = answer;
    config.url = crowd.url;
    protocol.symbols = 2;
    memset(&spread, 0, sizeof spread);
}

static void tear_down(void)
{
    exchange_spread_release(&spread);
    exchange_tear_down();
    crowd_release();
}

static void connect_spread(void)
{
    ck_assert(exchange_spread_open(&spread, &protocol, loop, web, &config, &connector_events, NULL));
    exchange_spread_connect(&spread);
    check_after("connected ", "connected ");
}

/* S1-USD and so on. */
static text_t symbol(size_t number)
{
    static char texts[CROWD_MAX][16];
    snprintf(texts[number], sizeof texts[number], "S%zu-USD", number);
    return text_of(texts[number]);
}

static void subscribe(size_t first, size_t last)
{
    for (size_t i = first; i <= last; i++)
        exchange_spread_subscribe(&spread, symbol(i));
}

/* … and each of them is confirmed, in whatever order. */
static void subscribe_and_wait(size_t first, size_t last)
{
    subscribe(first, last);
    for (size_t i = first; i <= last; i++) {
        char word[16];
        snprintf(word, sizeof word, "+S%zu-USD ", i);
        UNTIL(strstr(events, word));
    }
    events[0] = '\0';
}

/* Lets what is under way come. */
static void settle(void)
{
    for (int i = 0; i < 50; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

START_TEST(what_fits_on_one_connection_stays_there)
{
    connect_spread();
    subscribe_and_wait(1, 2);
    settle();
    ck_assert_uint_eq(crowd.count, 1);
    ck_assert_str_eq(crowd.heard[0], "+S1-USD\n+S2-USD\n");
}
END_TEST

START_TEST(symbols_are_spread_over_as_many_connections_as_they_need)
{
    connect_spread();
    subscribe_and_wait(1, 5);
    ck_assert_uint_eq(crowd.count, 3);
    ck_assert_str_eq(crowd.heard[0], "+S1-USD\n+S2-USD\n");
    ck_assert_str_eq(crowd.heard[1], "+S3-USD\n+S4-USD\n");
    ck_assert_str_eq(crowd.heard[2], "+S5-USD\n");
    ck_assert(exchange_spread_find(&spread, symbol(5))->open);
    ck_assert_ptr_null(exchange_spread_find(&spread, symbol(6)));
}
END_TEST

START_TEST(without_a_limit_one_connection_takes_all)
{
    protocol.symbols = 0;
    connect_spread();
    subscribe_and_wait(1, 9);
    settle();
    ck_assert_uint_eq(crowd.count, 1);
}
END_TEST

START_TEST(connected_comes_once)
{
    connect_spread();
    subscribe(1, 4);
    UNTIL(crowd.heard[1][0] != '\0');
    settle();
    ck_assert_ptr_null(strstr(events, "connected"));
}
END_TEST

START_TEST(what_each_connection_brings_is_told)
{
    static const char *const words[] = {"5", "former", "tail", "gap", "?", "no S3-USD"};
    connect_spread();
    subscribe_and_wait(1, 4);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        server_send(&crowd.clients[1], words[i]);
    check_after("rejected:S3-USD", "trade:5 former:former tail:BTC-USD:7 gap:1-2 malformed:unusable rejected:S3-USD:no ");
}
END_TEST

START_TEST(loss_of_one_connection_is_the_loss_of_all)
{
    connect_spread();
    subscribe_and_wait(1, 5);
    server_hang_up(&crowd.clients[1]);
    check_after("lost:", "lost:closed by the exchange: 1001 going away ");
    UNTIL(crowd_there() == 0);
    settle();
    ck_assert_str_eq(events, "");
    ck_assert_int_eq(crowd.clients[0].close_code, 1000);
    ck_assert_int_eq(crowd.clients[2].close_code, 1000);
}
END_TEST

START_TEST(next_connection_begins_with_nothing)
{
    connect_spread();
    subscribe_and_wait(1, 3);
    server_hang_up(&crowd.clients[0]);
    check_after("lost:", "lost:closed by the exchange: 1001 going away ");
    exchange_spread_connect(&spread);
    check_after("connected ", "connected ");
    settle();
    ck_assert_uint_eq(crowd.count, 3);
    ck_assert_str_eq(crowd.heard[2], "");
    subscribe_and_wait(4, 6); /* on sessions that were there before */
    ck_assert_str_eq(crowd.heard[2], "+S4-USD\n+S5-USD\n");
    ck_assert_str_eq(crowd.heard[3], "+S6-USD\n");
    ck_assert_uint_eq(spread.count, 2);
}
END_TEST

START_TEST(further_connection_that_can_not_be_made_is_a_loss)
{
    connect_spread();
    crowd.refuses = true;
    subscribe(1, 3);
    UNTIL(strstr(events, "lost:"));
    ck_assert_uint_eq(crowd.refused, 1);
    UNTIL(crowd_there() == 0);
    events[0] = '\0';
    settle();
    ck_assert_str_eq(events, "");
}
END_TEST

START_TEST(disconnect_closes_all_and_nothing_comes_after_it)
{
    connect_spread();
    subscribe_and_wait(1, 4);
    subscribe(5, 8); /* for connections that are under way, or have to wait */
    server_send(&crowd.clients[0], "5");
    server_send(&crowd.clients[1], "6");
    exchange_spread_disconnect(&spread);
    UNTIL(crowd_there() == 0);
    settle();
    ck_assert(!loop_timer_running(spread.dialer));
    ck_assert_str_eq(events, "");
    exchange_spread_disconnect(&spread); /* fine when there is none */
}
END_TEST

static void leave(const char *event)
{
    (void)event;
    exchange_spread_disconnect(&spread);
}

START_TEST(source_may_leave_whenever_it_is_told_something)
{
    connect_spread();
    subscribe_and_wait(1, 4);
    upon_event = leave;
    server_send(&crowd.clients[1], "5");
    server_send(&crowd.clients[1], "6");
    server_send(&crowd.clients[0], "7");
    UNTIL(crowd_there() == 0);
    settle();
    ck_assert(strcmp(events, "trade:5 ") == 0 || strcmp(events, "trade:7 ") == 0);
}
END_TEST

START_TEST(source_may_leave_when_it_is_connected)
{
    upon_event = leave;
    connect_spread();
    UNTIL(crowd_there() == 0);
    settle();
    ck_assert_str_eq(events, "");
}
END_TEST

START_TEST(exchange_that_shuts_down_is_left_at_once)
{
    connect_spread();
    subscribe_and_wait(1, 4);
    server_send(&crowd.clients[1], "shutdown");
    server_send(&crowd.clients[1], "5");
    check_after("lost:", "lost:shut down ");
    UNTIL(crowd_there() == 0);
    settle();
    ck_assert_str_eq(events, "");
    exchange_spread_connect(&spread);
    check_after("connected ", "connected ");
}
END_TEST

START_TEST(place_of_what_is_no_longer_subscribed_becomes_free)
{
    connect_spread();
    subscribe_and_wait(1, 2);
    exchange_spread_unsubscribe(&spread, symbol(1));
    check_after("-S1-USD ", "-S1-USD ");
    exchange_spread_unsubscribe(&spread, symbol(1)); /* nor is it counted twice */
    subscribe_and_wait(3, 3);
    settle();
    ck_assert_uint_eq(crowd.count, 1);
    subscribe_and_wait(1, 1);
    ck_assert_uint_eq(crowd.count, 2);
    ck_assert_str_eq(crowd.heard[0], "+S1-USD\n+S2-USD\n-S1-USD\n+S3-USD\n");
    ck_assert_str_eq(crowd.heard[1], "+S1-USD\n");
}
END_TEST

START_TEST(place_is_kept_until_the_exchange_has_confirmed_and_for_what_is_wanted_again)
{
    connect_spread();
    subscribe_and_wait(1, 2);
    crowd.upon_message = NULL;
    exchange_spread_unsubscribe(&spread, symbol(1));
    UNTIL(strstr(crowd.heard[0], "-S1-USD"));
    subscribe(3, 3);
    UNTIL(crowd.heard[1][0] != '\0');
    ck_assert_str_eq(crowd.heard[1], "+S3-USD\n");
    subscribe(1, 1);
    server_send(&crowd.clients[0], "un S1-USD");
    UNTIL(strstr(crowd.heard[0], "-S1-USD\n+S1-USD\n"));
    subscribe(4, 5);
    UNTIL(strstr(crowd.heard[1], "+S4-USD\n") && crowd.count == 3);
}
END_TEST

START_TEST(what_was_not_told_yet_leaves_its_place_without_a_word)
{
    connect_spread();
    subscribe(1, 3);
    for (size_t i = 1; i <= 3; i++)
        exchange_spread_unsubscribe(&spread, symbol(i));
    subscribe_and_wait(4, 5);
    settle();
    ck_assert_str_eq(crowd.heard[0], "+S4-USD\n+S5-USD\n");
    for (size_t i = 1; i < crowd.count; i++)
        ck_assert_str_eq(crowd.heard[i], "");
}
END_TEST

/* Two at once, and then three a second. */
START_TEST(further_connections_are_opened_no_faster_than_the_exchange_likes)
{
    protocol.symbols = 1;
    int64_t begin_ns = clock_mono_ns();
    connect_spread();
    subscribe_and_wait(1, 4);
    ck_assert_uint_eq(crowd.count, 4);
    ck_assert_int_ge(clock_mono_ns() - begin_ns, 660 * NS_PER_MS);
}
END_TEST

START_TEST(what_could_not_be_opened_is_released)
{
    exchange_spread_release(&spread);
    config.url = "no url";
    ck_assert(!exchange_spread_open(&spread, &protocol, loop, web, &config, &connector_events, NULL));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_fits_on_one_connection_stays_there,
        symbols_are_spread_over_as_many_connections_as_they_need,
        without_a_limit_one_connection_takes_all,
        connected_comes_once,
        what_each_connection_brings_is_told,
        loss_of_one_connection_is_the_loss_of_all,
        next_connection_begins_with_nothing,
        further_connection_that_can_not_be_made_is_a_loss,
        disconnect_closes_all_and_nothing_comes_after_it,
        source_may_leave_whenever_it_is_told_something,
        source_may_leave_when_it_is_connected,
        exchange_that_shuts_down_is_left_at_once,
        place_of_what_is_no_longer_subscribed_becomes_free,
        place_is_kept_until_the_exchange_has_confirmed_and_for_what_is_wanted_again,
        what_was_not_told_yet_leaves_its_place_without_a_word,
        further_connections_are_opened_no_faster_than_the_exchange_likes,
        what_could_not_be_opened_is_released,
    };
    return RUN_TESTS("exchange_spread", TEST_CASE_WITHIN(30, set_up, tear_down, tests));
}
