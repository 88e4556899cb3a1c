/* What is the coinbase connector's own, against a server in the same loop; what every connector must do is
 * test_connector.c's.
 */
#include "tests/unit/connectord/exchanges/coinbase_fixture.h"
#include "tests/unit/run_tests.h"

START_TEST(many_symbols_are_asked_for_at_once_for_trades_and_heartbeats)
{
    connect_with(3);
    check_heard("}\n", REQUEST("subscribe", BTC "," ETH "," LTC));
    ck_assert_str_eq(server.origin, "");
    server_send(&server, LISTING(LTC "," ETH "," BTC));
    check_after("+LTC-USD", "+BTC-USD +ETH-USD +LTC-USD ");
    coinbase->unsubscribe(connector, symbols[0]);
    coinbase->unsubscribe(connector, symbols[2]);
    check_heard("}\n", REQUEST("unsubscribe", BTC "," LTC));
    server_send(&server, LISTING(ETH));
    check_after("-LTC-USD", "-BTC-USD -LTC-USD ");
}
END_TEST

static size_t requests, longest;

static void measure(websocket_server_t *self, text_t request)
{
    (void)self;
    requests++;
    longest = request.length > longest ? request.length : longest;
    ck_assert(json_valid(request));
    uv_stop(loop_uv(loop));
}

/* The longest symbols, of which fewer than a hundred fit. */
START_TEST(request_is_as_long_as_a_message_may_be)
{
    char symbol[SYMBOL_MAX + 1];
    requests = longest = 0;
    server.on_message = measure;
    connect_with(0);
    for (int i = 0; i < 100; i++) {
        snprintf(symbol, sizeof symbol, "S%059d-USD", i);
        coinbase->subscribe(connector, (text_t){symbol, SYMBOL_MAX});
    }
    UNTIL(requests == 2);
    ck_assert_uint_le(longest, WS_CLIENT_SEND_MAX);
    ck_assert_uint_gt(longest, WS_CLIENT_SEND_MAX - 2 * (SYMBOL_MAX + 3) - 160);
}
END_TEST

START_TEST(hundred_symbols_are_asked_for_in_one_request)
{
    char symbol[16];
    connect_with(0);
    for (int i = 0; i < 101; i++) {
        snprintf(symbol, sizeof symbol, "S%03d-USD", i);
        coinbase->subscribe(connector, text_of(symbol));
    }
    UNTIL(strstr(heard, "S100-USD"));
    ck_assert_ptr_nonnull(strstr(heard, "\"S099-USD\"]}]}\n"));
    ck_assert_ptr_nonnull(strstr(heard, REQUEST("subscribe", "\"S100-USD\"")));
}
END_TEST

START_TEST(trades_and_heartbeats_come_from_the_request_on)
{
    connect_with(2);
    server_send(&server, TRADE_OF("last_match", "BTC-USD", "5"));
    server_send(&server, TRADE_OF("match", "ETH-USD", "9"));
    server_send(&server, LISTING(BTC "," ETH));
    server_send(&server, HEARTBEAT_OF("BTC-USD", "6"));
    server_send(&server, HEARTBEAT_OF("ETH-USD", "0"));
    server_send(&server, TRADE_OF("match", "BTC-USD", "7"));
    check_after("trade:7", "former:5 trade:9 +BTC-USD +ETH-USD tail:BTC-USD:6 trade:7 ");
}
END_TEST

/* The layer above finds holes: ids may leap and fall. */
START_TEST(holes_in_the_numbers_are_nothing_to_the_connector)
{
    connect_with(1);
    server_send(&server, TRADE_OF("match", "BTC-USD", "9"));
    server_send(&server, TRADE_OF("match", "BTC-USD", "1000"));
    server_send(&server, TRADE_OF("match", "BTC-USD", "3"));
    check_after("trade:3", "trade:9 trade:1000 trade:3 ");
}
END_TEST

START_TEST(what_is_not_subscribed_does_not_come)
{
    connect_and_confirm();
    coinbase->unsubscribe(connector, symbols[0]);
    UNTIL(heard[0] != '\0');
    server_send(&server, TRADE_OF("match", "BTC-USD", "1"));
    server_send(&server, LISTING(ETH "," LTC));
    server_send(&server, HEARTBEAT_OF("BTC-USD", "2"));
    server_send(&server, TRADE_OF("match", "BTC-USD", "2"));
    server_send(&server, TRADE_OF("last_match", "XRP-USD", "1"));
    server_send(&server, HEARTBEAT_OF("XRP-USD", "2"));
    server_send(&server, TRADE_OF("match", "ETH-USD", "3"));
    check_after("trade:3", "trade:1 -BTC-USD malformed:product_id: BTC-USD is not subscribed "
                           "malformed:product_id: XRP-USD is not subscribed trade:3 ");
}
END_TEST

START_TEST(answer_to_an_earlier_request_settles_nothing_of_a_later_one)
{
    connect_with(1);
    coinbase->subscribe(connector, symbols[1]);
    UNTIL(strstr(heard, ETH));
    heard[0] = '\0';
    server_send(&server, LISTING(BTC));
    check_after("+BTC-USD", "+BTC-USD ");
    coinbase->unsubscribe(connector, symbols[0]);
    UNTIL(strstr(heard, BTC));
    server_send(&server, LISTING(BTC "," ETH));
    check_after("+ETH-USD", "+ETH-USD ");
    check_quiet();
    server_send(&server, LISTING(ETH));
    check_after("-BTC-USD", "-BTC-USD ");
}
END_TEST

START_TEST(subscription_that_is_gone_unasked_is_told_and_not_asked_for_again)
{
    connect_and_confirm();
    server_send(&server, LISTING(BTC "," LTC));
    check_after("-ETH-USD", "-ETH-USD ");
    check_quiet();
    ck_assert_str_eq(heard, "");
    coinbase->subscribe(connector, symbols[1]);
    check_heard("}\n", REQUEST("subscribe", ETH));
}
END_TEST

START_TEST(all_may_be_gone)
{
    connect_and_confirm();
    server_send(&server, "{\"type\":\"subscriptions\",\"channels\":[]}");
    check_after("-LTC-USD", "-BTC-USD -ETH-USD -LTC-USD ");
}
END_TEST

START_TEST(answer_that_can_not_be_read_settles_nothing)
{
    connect_and_confirm();
    server_send(&server, "{\"type\":\"subscriptions\",\"channels\":[{\"name\":\"matches\",\"product_ids\":[5]}]}");
    check_after("malformed:", "malformed:channels: product_ids: expected an array of strings ");
    check_quiet();
}
END_TEST

START_TEST(what_is_asked_for_again_is_confirmed_by_the_first_answer)
{
    config.messages_per_minute = 2; /* the second request has to wait */
    connect_with(1);
    coinbase->subscribe(connector, symbols[0]);
    server_send(&server, LISTING(BTC));
    check_after("+BTC-USD", "+BTC-USD ");
    check_quiet();
}
END_TEST

START_TEST(source_may_leave_at_any_confirmation)
{
    connect_with(3);
    upon_event = disconnect;
    server_send(&server, LISTING(BTC "," ETH "," LTC));
    UNTIL(server.closed);
    ck_assert_str_eq(events, "+BTC-USD ");
}
END_TEST

START_TEST(malformed_messages_are_reported_and_the_good_ones_around_them_come)
{
    connect_with(1);
    server_send(&server, TRADE_OF("match", "BTC-USD", "1"));
    server_send(&server, TRADE_OF("match", "BTC-USD", "\"2\""));
    server_send_frame(&server, TEXT("\x01"), LWS_WRITE_BINARY);
    server_send(&server, "{\"type\":\"l2update\",\"changes\":[]}");
    server_send(&server, TRADE_OF("match", "BTC-USD", "3"));
    check_after("trade:3", "trade:1 malformed:trade_id: expected a number, found a string "
                           "malformed:expected a text message, found a binary one trade:3 ");
}
END_TEST

START_TEST(each_connection_begins_with_nothing_subscribed)
{
    connect_and_confirm();
    server_hang_up(&server);
    check_after("lost:", "lost:closed by the exchange: 1001 going away ");
    coinbase->connect(connector);
    check_after("connected", "connected ");
    server_send(&server, TRADE_OF("match", "BTC-USD", "1"));
    check_after("malformed:", "malformed:product_id: BTC-USD is not subscribed ");
    coinbase->subscribe(connector, symbols[0]);
    check_heard("}\n", REQUEST("subscribe", BTC));
}
END_TEST

START_TEST(exchange_is_known_without_a_url)
{
    config.url = "";
    connector = coinbase->open(loop, web, &config, &connector_events, NULL);
    ck_assert_ptr_nonnull(connector);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("coinbase");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, many_symbols_are_asked_for_at_once_for_trades_and_heartbeats);
    tcase_add_test(tests, request_is_as_long_as_a_message_may_be);
    tcase_add_test(tests, hundred_symbols_are_asked_for_in_one_request);
    tcase_add_test(tests, trades_and_heartbeats_come_from_the_request_on);
    tcase_add_test(tests, holes_in_the_numbers_are_nothing_to_the_connector);
    tcase_add_test(tests, what_is_not_subscribed_does_not_come);
    tcase_add_test(tests, answer_to_an_earlier_request_settles_nothing_of_a_later_one);
    tcase_add_test(tests, subscription_that_is_gone_unasked_is_told_and_not_asked_for_again);
    tcase_add_test(tests, all_may_be_gone);
    tcase_add_test(tests, answer_that_can_not_be_read_settles_nothing);
    tcase_add_test(tests, what_is_asked_for_again_is_confirmed_by_the_first_answer);
    tcase_add_test(tests, source_may_leave_at_any_confirmation);
    tcase_add_test(tests, malformed_messages_are_reported_and_the_good_ones_around_them_come);
    tcase_add_test(tests, each_connection_begins_with_nothing_subscribed);
    tcase_add_test(tests, exchange_is_known_without_a_url);
    return RUN_TESTS("coinbase", tests);
}
