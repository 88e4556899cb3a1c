/* What is asked for and answered, as far as it is the kraken connector's own; what every connector must do is test_connector.c's. */
#include "proto/topic.h"
#include "tests/unit/connectord/exchanges/kraken_fixture.h"

START_TEST(symbols_are_asked_for_in_one_message_and_confirmed_one_by_one)
{
    connect_with(3);
    check_heard(SUBSCRIBE("\"BTC/USD\",\"ETH/USD\",\"LTC/USD\"", "1"));
    server_send(&server, DONE("subscribe", "1", "ETH/USD"));
    server_send(&server, DONE("subscribe", "1", "BTC/USD"));
    check_after("+BTC-USD", "+ETH-USD +BTC-USD ");
    kraken->unsubscribe(connector, symbols[0]);
    kraken->unsubscribe(connector, symbols[1]);
    check_heard(UNSUBSCRIBE("\"BTC/USD\",\"ETH/USD\"", "2"));
    server_send(&server, DONE("unsubscribe", "2", "BTC/USD"));
    server_send(&server, DONE("subscribe", "1", "LTC/USD"));
    server_send(&server, DONE("unsubscribe", "2", "ETH/USD"));
    check_after("-ETH-USD", "-BTC-USD +LTC-USD -ETH-USD ");
}
END_TEST

START_TEST(no_more_than_a_hundred_symbols_go_into_a_message)
{
    char symbol[SYMBOL_MAX + 1];
    connect_with(0);
    for (int i = 0; i < 101; i++) { /* as long as symbols may be */
        snprintf(symbol, sizeof symbol, "%060d-USD", i);
        kraken->subscribe(connector, text_of(symbol));
    }
    UNTIL(strstr(heard, "\"req_id\":1}"));
    *strchr(heard, '\n') = '\0';
    ck_assert_ptr_nonnull(strstr(heard, "099/USD\""));
    ck_assert_ptr_null(strstr(heard, "100/USD"));
    heard[0] = '\0';
    UNTIL(heard[0] != '\0');
    snprintf(symbol, sizeof symbol, "%060d/USD", 100);
    ck_assert_ptr_nonnull(strstr(heard, symbol));
}
END_TEST

START_TEST(one_of_several_that_is_refused_is_told_and_the_others_get_in)
{
    connect_with(3);
    heard[0] = '\0';
    server_send(&server, DONE("subscribe", "1", "BTC/USD"));
    server_send(&server,
                REFUSED("subscribe", "\"error\":\"Currency pair not supported ETH/USD\",\"req_id\":1,\"symbol\":\"ETH/USD\""));
    server_send(&server, DONE("subscribe", "1", "LTC/USD"));
    check_after("+LTC-USD", "+BTC-USD rejected:ETH-USD:Currency pair not supported ETH/USD +LTC-USD ");
    server_send(&server, UPDATE(TRADE("ETH/USD", "1") "," TRADE("LTC/USD", "2")));
    check_after("trade:2", "malformed:symbol: ETH-USD is not subscribed trade:2 ");
    kraken->subscribe(connector, symbols[1]);
    check_heard(SUBSCRIBE("\"ETH/USD\"", "2"));
}
END_TEST

START_TEST(request_that_is_refused_as_a_whole_is_asked_symbol_by_symbol)
{
    connect_with(2);
    heard[0] = '\0';
    server_send(&server, REFUSED("subscribe", "\"error\":\"Unsupported field\",\"req_id\":1"));
    check_heard(SUBSCRIBE("\"BTC/USD\"", "2") SUBSCRIBE("\"ETH/USD\"", "3"));
    server_send(&server, DONE("subscribe", "3", "ETH/USD"));
    server_send(&server, REFUSED("subscribe", "\"error\":\"no\",\"req_id\":2"));
    check_after("rejected", "+ETH-USD rejected:BTC-USD:no ");
}
END_TEST

START_TEST(refusal_without_symbol_and_number_is_for_the_only_one_that_waits)
{
    connect_with(1);
    server_send(&server, REFUSED("subscribe", "\"error\":\"not now\""));
    server_send(&server, "{\"error\":\"Malformed request\"}");
    check_after("rejected::", "rejected:BTC-USD:not now rejected::Malformed request ");
}
END_TEST

START_TEST(refusal_of_what_nobody_asked_for_is_told)
{
    connect_with(1);
    server_send(&server, REFUSED("subscribe", "\"error\":\"no\",\"req_id\":77,\"symbol\":\"XRP/USD\""));
    server_send(&server, DONE("subscribe", "1", "XRP/USD"));
    server_send(&server, DONE("subscribe", "1", "BTC/USD"));
    check_after("+BTC-USD", "rejected:XRP-USD:no malformed:symbol: XRP-USD is not subscribed +BTC-USD ");
}
END_TEST

START_TEST(who_is_subscribed_already_is_subscribed)
{
    connect_with(1);
    server_send(&server, REFUSED("subscribe", "\"error\":\"Already subscribed\",\"req_id\":1,\"symbol\":\"BTC/USD\""));
    check_after("+BTC-USD", "+BTC-USD ");
    server_send(&server, UPDATE(TRADE("BTC/USD", "1")));
    check_after("trade:1", "trade:1 ");
}
END_TEST

/* Asked twice, since the first answer was late. */
START_TEST(answer_to_what_is_settled_is_left_alone)
{
    connect_with(1);
    heard[0] = '\0';
    kraken->subscribe(connector, symbols[0]);
    check_heard(SUBSCRIBE("\"BTC/USD\"", "2"));
    server_send(&server, DONE("subscribe", "1", "BTC/USD"));
    server_send(&server, REFUSED("subscribe", "\"error\":\"Already subscribed\",\"req_id\":2,\"symbol\":\"BTC/USD\""));
    server_send(&server, UPDATE(TRADE("BTC/USD", "1")));
    check_after("trade:1", "+BTC-USD trade:1 ");
}
END_TEST

START_TEST(unsubscribe_that_is_refused_is_done)
{
    static const char *const refusals[] = {
        REFUSED("unsubscribe", "\"error\":\"Subscription Not Found\",\"req_id\":2,\"symbol\":\"BTC/USD\""),
        REFUSED("unsubscribe", "\"error\":\"Subscription Not Found\",\"req_id\":2"),
        REFUSED("unsubscribe", "\"error\":\"Subscription Not Found\""),
    };
    connect_with(1);
    server_send(&server, DONE("subscribe", "1", "BTC/USD"));
    check_after("+BTC-USD", "+BTC-USD ");
    heard[0] = '\0';
    kraken->unsubscribe(connector, symbols[0]);
    check_heard(UNSUBSCRIBE("\"BTC/USD\"", "2"));
    server_send(&server, refusals[_i]);
    check_after("-BTC-USD", "-BTC-USD ");
    server_send(&server, UPDATE(TRADE("BTC/USD", "1")));
    check_after("malformed", "malformed:symbol: BTC-USD is not subscribed ");
}
END_TEST

START_TEST(change_of_mind_waits_for_the_answer)
{
    connect_with(1);
    heard[0] = '\0';
    kraken->unsubscribe(connector, symbols[0]);
    kraken->subscribe(connector, symbols[0]);
    kraken->unsubscribe(connector, symbols[0]);
    server_send(&server, DONE("subscribe", "1", "BTC/USD"));
    check_heard(UNSUBSCRIBE("\"BTC/USD\"", "2"));
    ck_assert_str_eq(events, "+BTC-USD ");
}
END_TEST

/* Takes as long as the pause: 10 s. */
START_TEST(what_a_throttle_swallowed_is_asked_for_again_after_a_pause)
{
    connect_with(2);
    heard[0] = '\0';
    uint64_t begin = uv_now(loop_uv(loop));
    server_send(&server, _i == 0 ? "{\"Error\":\"Exceeded msg rate\"}"
                                 : REFUSED("subscribe", "\"error\":\"Exceeded msg rate\",\"req_id\":1,\"symbol\":\"BTC/USD\""));
    server_send(&server, DONE("subscribe", "1", "ETH/USD"));
    check_after("+ETH-USD", "rejected::Exceeded msg rate +ETH-USD ");
    check_heard(SUBSCRIBE("\"BTC/USD\"", "2"));
    ck_assert_uint_ge(uv_now(loop_uv(loop)) - begin, 9000);
}
END_TEST

START_TEST(each_connection_begins_with_nothing_subscribed)
{
    connect_with(1);
    server_send(&server, UPDATE(TRADE("BTC/USD", "1")));
    server_hang_up(&server);
    check_after("lost:", "trade:1 lost:closed by the exchange: 1001 going away ");
    heard[0] = '\0';
    kraken->connect(connector);
    UNTIL(strstr(events, "connected "));
    events[0] = '\0';
    kraken->subscribe(connector, symbols[1]);
    check_heard(SUBSCRIBE("\"ETH/USD\"", "2"));
    server_send(&server, UPDATE(TRADE("BTC/USD", "1") "," TRADE("ETH/USD", "2")));
    check_after("trade:2", "malformed:symbol: BTC-USD is not subscribed trade:2 ");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("kraken_subscriptions");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, symbols_are_asked_for_in_one_message_and_confirmed_one_by_one);
    tcase_add_test(tests, no_more_than_a_hundred_symbols_go_into_a_message);
    tcase_add_test(tests, one_of_several_that_is_refused_is_told_and_the_others_get_in);
    tcase_add_test(tests, request_that_is_refused_as_a_whole_is_asked_symbol_by_symbol);
    tcase_add_test(tests, refusal_without_symbol_and_number_is_for_the_only_one_that_waits);
    tcase_add_test(tests, refusal_of_what_nobody_asked_for_is_told);
    tcase_add_test(tests, who_is_subscribed_already_is_subscribed);
    tcase_add_test(tests, answer_to_what_is_settled_is_left_alone);
    tcase_add_loop_test(tests, unsubscribe_that_is_refused_is_done, 0, 3);
    tcase_add_test(tests, change_of_mind_waits_for_the_answer);
    tcase_add_loop_test(tests, what_a_throttle_swallowed_is_asked_for_again_after_a_pause, 0, 2);
    tcase_add_test(tests, each_connection_begins_with_nothing_subscribed);
    return RUN_TESTS("kraken_subscriptions", tests);
}
