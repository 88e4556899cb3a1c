/* The methods other than subscribe (test_subscribe.c), and what is refused of any. */
#include "common/config/schema.h"
#include "proto/moment.h"

#include "tests/unit/gateway_fixture.h"
#include "tests/unit/run_tests.h"

#define REQUEST(method, params) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":" params "}"
#define ERROR(code, message)    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":" code ",\"message\":\"" message "\"}}"

static void setup(void)
{
    fixture_setup();
    hear("a", true, "{\"ETH-USD\":3,\"BTC-USD\":10}");
    fixture.now_ns += OFFERS_SETTLED_MS * NS_PER_MS;
}

static const struct {
    const char *request, *answer;
} refused[] = {
    {REQUEST("nothing", "{}"), ERROR("-32601", "Method not found: nothing")},
    {REQUEST("", "{}"), ERROR("-32601", "Method not found: ")},
    {REQUEST("ping\\u0000", "{}"), ERROR("-32601", "Method not found: \\\"ping\\\\u0000\\\"")},
    {REQUEST("subscribe", "{}"), ERROR("-32602", "Only 'trades' channel is supported")},
    {REQUEST("subscribe", "{\"channel\":\"l2\",\"symbol\":\"BTC-USD\"}"),
     ERROR("-32602", "Only 'trades' channel is supported")},
    {REQUEST("subscribe", "{\"channel\":[\"trades\"],\"symbol\":\"BTC-USD\"}"),
     ERROR("-32602", "Only 'trades' channel is supported")},
    {REQUEST("subscribe", "{\"channel\":\"trades\"}"), ERROR("-32602", "Symbol is required")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":null}"), ERROR("-32602", "Symbol is required")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":\"\"}"), ERROR("-32602", "Symbol is required")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":\"X\"}"), ERROR("-32602", "Invalid symbol: X")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":\"btc-usd\"}"), ERROR("-32602", "Invalid symbol: btc-usd")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":\"XRP-USD\"}"), ERROR("-32602", "Invalid symbol: XRP-USD")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":7}"), ERROR("-32602", "Invalid symbol: 7")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"source\":\"no one\"}"),
     ERROR("-32602", "Invalid source: no one")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"since\":42}"),
     ERROR("-32602", "since: expected \\\"<epoch>-<seq>\\\" or an object with one by source, found 42")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"since\":{\"a\":\"7\"}}"),
     ERROR("-32602", "since: expected \\\"<epoch>-<seq>\\\" or an object with one by source, found {\\\"a\\\":\\\"7\\\"}")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"count\":0}"),
     ERROR("-32602", "count: expected a whole number from 1 to 10000, found 0")},
    {REQUEST("unsubscribe", "{\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}"), ERROR("-32602", "Not subscribed: BTC-USD")},
    {REQUEST("getRecentTrades", "{}"), ERROR("-32602", "Symbol is required")},
    {REQUEST("getRecentTrades", "{\"channel\":\"l3\",\"symbol\":\"BTC-USD\"}"),
     ERROR("-32602", "Only 'trades' channel is supported")},
    {REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\",\"count\":10001}"),
     ERROR("-32602", "count: expected a whole number from 1 to 10000, found 10001")},
    {REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\",\"count\":\"5\"}"),
     ERROR("-32602", "count: expected a whole number from 1 to 10000, found \\\"5\\\"")},
    {REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\",\"count\":1.5}"),
     ERROR("-32602", "count: expected a whole number from 1 to 10000, found 1.5")},
    {REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\",\"beforeTimestamp\":\"yesterday\"}"),
     ERROR("-32602", "beforeTimestamp: expected " MOMENT_EXPECTED ", found \\\"yesterday\\\"")},
    {REQUEST("getTradesSince", "{\"symbol\":\"BTC-USD\"}"), ERROR("-32602", "afterTimestamp is required")},
    {REQUEST("getCandles", "{\"interval\":\"1m\"}"), ERROR("-32602", "Symbol is required")},
    {REQUEST("getCandles", "{\"symbol\":\"BTC-USD\"}"),
     ERROR("-32602", "interval: expected one of 1s, 1m, 5m, 15m, 1h, 1d, found none")},
    {REQUEST("getCandles", "{\"symbol\":\"BTC-USD\",\"interval\":\"2m\"}"),
     ERROR("-32602", "interval: expected one of 1s, 1m, 5m, 15m, 1h, 1d, found \\\"2m\\\"")},
    {REQUEST("getCandles", "{\"symbol\":\"BTC-USD\",\"interval\":60}"),
     ERROR("-32602", "interval: expected one of 1s, 1m, 5m, 15m, 1h, 1d, found 60")},
    {REQUEST("getTradesRange", "{\"symbol\":\"BTC-USD\"}"), ERROR("-32602", "source is required")},
    {REQUEST("getTradesRange", "{\"symbol\":\"BTC-USD\",\"source\":\"s\",\"from\":7}"),
     ERROR("-32602", "from: expected \\\"<epoch>-<seq>\\\", found 7")},
    {REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\",\"next\":\"7-3\"}"),
     ERROR("-32602", "next: expected that of an earlier page, {\\\"<source>\\\":\\\"<epoch>-<seq>\\\"}, found \\\"7-3\\\"")},
    {REQUEST("clearHistory", "{\"token\":7}"), ERROR("-32602", "token: expected a string")},
};

START_TEST(what_can_not_be_done_is_refused_with_a_reason)
{
    say(refused[_i].request);
    expect(refused[_i].answer);
    expect_nothing();
    ck_assert_uint_eq(fixture.asked_count, 0);
    ck_assert_str_eq(fixture.wanted, "");
}
END_TEST

static const struct {
    const char *request, *asked;
} questions[] = {
    {REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\"}"), "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":100}"},
    {REQUEST("GETRECENTTRADES", "{\"channel\":\"trades\",\"symbol\":\"BTC\\u002dUSD\",\"count\":7}"),
     "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":7}"},
    {REQUEST("getrecenttrades", "{\"symbol\":\"BTC-USD\",\"beforeTimestamp\":\"2025-11-10T17:24:33.9+01:00\"}"),
     "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":100,\"before\":\"2025-11-10T16:24:33.900000000Z\"}"},
    {REQUEST("getTradesSince", "{\"symbol\":\"BTC-USD\",\"afterTimestamp\":\"1970-01-01T00:00:00Z\",\"count\":10000}"),
     "{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"count\":1000,\"after\":\"1970-01-01T00:00:00.000000000Z\"}"},
    {REQUEST("getRecentTrades",
             "{\"symbol\":\"BTC-USD\",\"source\":\"s\",\"afterTimestamp\":\"1970-01-01T00:00:00Z\",\"next\":{\"s\":\"7-9\"}}"),
     "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":100,\"source\":\"s\",\"after\":\"1970-01-01T00:00:00.000000000Z\","
     "\"upto\":{\"s\":\"7-9\"}}"},
    {REQUEST("getTradesSince", "{\"symbol\":\"BTC-USD\",\"afterTimestamp\":\"1970-01-01T00:00:00Z\",\"next\":{\"s\":\"7-9\"}}"),
     "{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"count\":100,\"after\":\"1970-01-01T00:00:00.000000000Z\","
     "\"from\":{\"s\":\"7-9\"}}"},
    {REQUEST("getTradesRange", "{\"symbol\":\"BTC-USD\",\"source\":\"s\",\"from\":\"7-2\",\"to\":\"7-9\",\"count\":3}"),
     "{\"op\":\"range\",\"topic\":\"trade.BTC-USD.s\",\"count\":3,\"to\":\"7-9\",\"from\":\"7-2\"}"},
};

static const struct {
    const char *request, *asked, *said, *answer;
} passed_on[] = {
    {REQUEST("getTradesRange", "{\"symbol\":\"BTC-USD\",\"source\":\"s\"}"),
     "{\"op\":\"range\",\"topic\":\"trade.BTC-USD.s\",\"count\":100}",
     "{\"ok\":true,\"id\":7,\"trades\":[],\"missing\":2,\"incomplete\":true,\"next\":\"7-3\"}",
     "{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"staleness\":0.000,\"trades\":[],\"missing\":2,\"incomplete\":true,"
     "\"next\":\"7-3\"}"},
    {REQUEST("getStats", "{}"), "{\"op\":\"stats\"}", "{\"ok\":true,\"id\":7,\"stats\":[{\"trades\":1}]}",
     "{\"stats\":[{\"trades\":1}]}"},
    {REQUEST("getStats", "{\"symbol\":\"BTC-USD\"}"), "{\"op\":\"stats\",\"symbol\":\"BTC-USD\"}", "{\"ok\":true,\"stats\":[]}",
     "{\"stats\":[]}"},
    {REQUEST("clearHistory", "{\"token\":\"s\\u00e9cret\"}"),
     "{\"op\":\"clear\",\"token\":\"s\xc3\xa9"
     "cret\"}",
     "{\"ok\":true,\"cleared\":5}", "{\"cleared\":5}"},
    {REQUEST("clearHistory", "{\"symbol\":\"BTC-USD\"}"), "{\"op\":\"clear\",\"symbol\":\"BTC-USD\",\"token\":\"\"}",
     "{\"ok\":true,\"cleared\":0}", "{\"cleared\":0}"},
};

START_TEST(all_that_history_says_comes_back)
{
    char expected[500];
    say(passed_on[_i].request);
    service_answers("history", passed_on[_i].asked, passed_on[_i].said);
    client_pump(fixture.client);
    snprintf(expected, sizeof expected, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":%s}", passed_on[_i].answer);
    expect(expected);
}
END_TEST

START_TEST(a_question_goes_to_history_and_its_trades_come_back_as_they_are)
{
    say(questions[_i].request);
    expect_nothing();
    service_answers("history", questions[_i].asked,
                    "{\"ok\":true,\"id\":7,\"trades\":[{\"price\":105383.80000}, {\"qty\":8.5E-5}]}");
    client_pump(fixture.client);
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"staleness\":0.000,"
           "\"trades\":[{\"price\":"
           "105383.80000}, "
           "{\"qty\":8.5E-5}]}}");
}
END_TEST

START_TEST(a_question_for_candles_goes_to_history_and_its_answer_comes_back)
{
    say(REQUEST("getCandles", "{\"symbol\":\"BTC-USD\",\"interval\":\"5m\",\"source\":\"b\",\"count\":2,"
                              "\"beforeTimestamp\":\"2025-11-10T17:25:00Z\",\"afterTimestamp\":\"2025-11-10T10:00:00Z\"}"));
    service_answers(
        "history",
        "{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":\"5m\",\"count\":2,\"source\":\"b\","
        "\"before\":\"2025-11-10T17:25:00.000000000Z\",\"after\":\"2025-11-10T10:00:00.000000000Z\"}",
        "{\"ok\":true,\"id\":7,\"interval\":\"5m\",\"candles\":[{\"open\":8.5E-5}],\"next\":\"2025-11-10T17:20:00Z\"}");
    client_pump(fixture.client);
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"staleness\":0.000,"
           "\"interval\":\"5m\",\"candles\":[{\"open\":8.5E-5}],\"next\":\"2025-11-10T17:20:00Z\"}}");
}
END_TEST

START_TEST(a_question_for_coverage_goes_to_history_and_its_answer_comes_back)
{
    say(REQUEST("getCoverage", "{\"symbol\":\"BTC-USD\",\"source\":\"b\",\"count\":2000,\"next\":\"2025-11-10T17:25:00Z b\"}"));
    service_answers(
        "history",
        "{\"op\":\"coverage\",\"symbol\":\"BTC-USD\",\"count\":2000,\"source\":\"b\",\"next\":\"2025-11-10T17:25:00Z b\"}",
        "{\"ok\":true,\"id\":7,\"coverage\":[{\"state\":\"live\"}],\"oldest\":{},\"next\":\"2025-11-10T17:20:00Z b\"}");
    client_pump(fixture.client);
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"staleness\":0.000,"
           "\"coverage\":[{\"state\":\"live\"}],\"oldest\":{},\"next\":\"2025-11-10T17:20:00Z b\"}}");
}
END_TEST

static const struct {
    const char *history, *answer;
} failures[] = {
    {NULL, ERROR("-32000", "History is not available now")},
    {"{broken", ERROR("-32000", "Invalid reply from history")},
    {"{\"ok\":true}", ERROR("-32000", "Invalid reply from history")},
    {"{\"ok\":false,\"error\":{\"code\":\"invalid_symbol\",\"message\":\"whatever\"}}",
     ERROR("-32602", "Invalid symbol: BTC-USD")},
    {"{\"ok\":false,\"error\":{\"code\":\"invalid_time\",\"message\":\"before: \\\"x\\\"\"}}",
     ERROR("-32602", "before: \\\"x\\\"")},
    {"{\"ok\":false,\"error\":{\"code\":\"forbidden\",\"message\":\"no\"}}", ERROR("-32003", "no")},
    {"{\"ok\":false,\"error\":{\"code\":\"unavailable\",\"message\":\"later\"}}", ERROR("-32000", "later")},
    {"{\"ok\":false,\"error\":{\"code\":\"internal\",\"message\":\"disk full\"}}", ERROR("-32603", "disk full")},
};

START_TEST(what_history_says_instead_reaches_the_client)
{
    say(REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\"}"));
    service_answers("history", "recent", failures[_i].history);
    client_pump(fixture.client);
    expect(failures[_i].answer);
}
END_TEST

START_TEST(without_history_a_question_is_answered_at_once)
{
    fixture.deaf = true;
    say(REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\"}"));
    expect(ERROR("-32000", "History is not available now"));
}
END_TEST

START_TEST(a_client_that_leaves_takes_its_questions_along)
{
    say(REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\"}"));
    peer_leaves(&fixture.client);
    ck_assert_uint_eq(fixture.asked_count, 0);
}
END_TEST

START_TEST(symbols_are_listed_with_their_sources)
{
    hear("b \\\"", true, "{\"BTC-USD\":1,\"BTC-EUR\":1}");
    say(REQUEST("getSymbols", "{}"));
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"symbols\":[\"BTC-EUR\",\"BTC-USD\",\"ETH-USD\"],\"sources\":{\"BTC-"
           "EUR\":[\"b "
           "\\\\\\\"\"],\"BTC-USD\":[\"a\",\"b \\\\\\\"\"],\"ETH-USD\":[\"a\"]}}}");
}
END_TEST

START_TEST(status_tells_of_sources_clients_and_history)
{
    hear("a", false, "{\"BTC-USD\":10}");
    fixture.now_ns += 1500 * NS_PER_MS;
    fixture.hub.buses.endpoints[0] = "tcp://bus:1";
    fixture.hub.buses.count = 1;
    history_probe(fixture.hub.history);
    service_answers("history", "{\"op\":\"symbols\"}", "{\"ok\":true}");
    say(REQUEST("getStatus", "{}"));
    expect(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"sources\":[{\"name\":\"a\",\"connected\":false,\"since\":\"1970-01-01T00:"
        "16:41."
        "100000Z\",\"staleness\":1.500,\"reason\":\"closed by "
        "\\\"peer\\\"\",\"breaker\":\"closed\",\"health\":0,\"stale\":{},\"id_conflicts\":0,\"future\":0,\"symbols\":1}],"
        "\"clients\":1,\"subscriptions\":0,"
        "\"bus\":[{\"endpoint\":\"tcp://bus:1\",\"state\":\"waiting\"}],\"history\":\"up\",\"version\":\"0.1.0\"}}");
}
END_TEST

START_TEST(ping_tells_the_time)
{
    say(REQUEST("pInG", "{}"));
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"pong\":true,\"time\":\"1970-01-01T00:16:41.100000Z\"}}");
}
END_TEST

/* Nothing below the gateway knows its methods: the schema has a list of its own. */
START_TEST(a_role_can_be_given_each_of_them_and_no_other)
{
    buffer_t names = buffer_new(0);
    buffer_append(&names, TEXT("*"));
    for (size_t i = 0; methods_name(i); i++)
        buffer_printf(&names, "|%s", methods_name(i));
    buffer_append(&names, (text_t){"", 1});
    ck_assert_str_eq(schema_find("gatewayd.roles[].methods")->choices, names.bytes);
    buffer_release(&names);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("methods");
    tcase_add_checked_fixture(tcase, setup, fixture_teardown);
    tcase_add_loop_test(tcase, what_can_not_be_done_is_refused_with_a_reason, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(tcase, a_question_goes_to_history_and_its_trades_come_back_as_they_are, 0,
                        sizeof questions / sizeof *questions);
    tcase_add_test(tcase, a_question_for_candles_goes_to_history_and_its_answer_comes_back);
    tcase_add_test(tcase, a_question_for_coverage_goes_to_history_and_its_answer_comes_back);
    tcase_add_loop_test(tcase, what_history_says_instead_reaches_the_client, 0, sizeof failures / sizeof *failures);
    tcase_add_loop_test(tcase, all_that_history_says_comes_back, 0, sizeof passed_on / sizeof *passed_on);
    tcase_add_test(tcase, without_history_a_question_is_answered_at_once);
    tcase_add_test(tcase, a_client_that_leaves_takes_its_questions_along);
    tcase_add_test(tcase, symbols_are_listed_with_their_sources);
    tcase_add_test(tcase, status_tells_of_sources_clients_and_history);
    tcase_add_test(tcase, ping_tells_the_time);
    tcase_add_test(tcase, a_role_can_be_given_each_of_them_and_no_other);
    return RUN_TESTS("methods", tcase);
}
