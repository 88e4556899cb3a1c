/* Messages of Kraken's WebSocket, but for what stands in a trade (test_kraken_trade.c). */
#include "common/json/json.h"
#include "connectord/exchanges/kraken_message.h"
#include "tests/unit/check_text.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>

#define TRADES                                                                                                                 \
    "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"BTC/USD\",\"side\":\"buy\",\"price\":1.50,\"qty\":2,"  \
    "\"ord_type\":\"limit\",\"trade_id\":7,\"timestamp\":\"2023-10-06T17:35:55.440295Z\"}]}"
#define TIMES "\"time_in\":\"2023-09-25T09:04:31.742599Z\",\"time_out\":\"2023-09-25T09:04:31.742648Z\""

static kraken_message_t message;

static bool read(const char *json)
{
    return kraken_message_read(&message, text_of(json));
}

static void check_read(const char *json, kraken_kind_t kind)
{
    ck_assert_msg(read(json), "%s: %s", json, message.fields.reason);
    ck_assert_int_eq(message.kind, kind);
}

START_TEST(trades_are_handed_out_one_by_one)
{
    check_read(TRADES, KRAKEN_TRADES);
    ck_assert(!message.snapshot);
    ck_assert_uint_eq(message.trade_count, 1);
    check_text(kraken_message_trade(&message, 0)->symbol, "BTC-USD");
    check_read("{\"data\":[ ],\"type\":\"snapshot\",\"new\":{\"data\":1},\"channel\":\"trade\"}", KRAKEN_TRADES);
    ck_assert(message.snapshot);
    ck_assert_uint_eq(message.trade_count, 0);
}
END_TEST

#define ODD_TRADE(symbol, id)                                                                                                  \
    "{\"symbol\":\"" symbol "\",\"side\":\"buy\",\"price\":1,\"qty\":2,\"trade_id\":" id                                       \
    ",\"timestamp\":\"2023-10-06T17:35:55Z\"}"

START_TEST(each_trade_is_read_by_itself_whatever_the_others_are)
{
    check_read("{\"data\":[" ODD_TRADE("A\\/B", "1") ",7,[[{}]]," ODD_TRADE("C/D", "2") ",{\"symbol\":\"C/D\"}," ODD_TRADE(
                   "E\\/F", "3") "],\"channel\":\"trade\",\"type\":\"update\"}",
               KRAKEN_TRADES);
    ck_assert_uint_eq(message.trade_count, 6);
    check_text(kraken_message_trade(&message, 5)->symbol, "E-F");
    check_text(kraken_message_trade(&message, 0)->symbol, "A-B");
    check_text(kraken_message_trade(&message, 3)->symbol, "C-D");
    ck_assert_ptr_null(kraken_message_trade(&message, 1));
    ck_assert_str_eq(message.trade.fields.reason, "expected an object");
    ck_assert_ptr_null(kraken_message_trade(&message, 2));
    ck_assert_str_eq(message.trade.fields.reason, "expected an object");
    ck_assert_ptr_null(kraken_message_trade(&message, 4));
    ck_assert_str_eq(message.trade.fields.reason, "side: missing");
}
END_TEST

static void check_answer(const char *json, bool subscribe, bool success, uint64_t request, const char *symbol, const char *text)
{
    check_read(json, KRAKEN_ANSWER);
    ck_assert_int_eq(message.subscribe, subscribe);
    ck_assert_int_eq(message.success, success);
    ck_assert_int_eq(message.numbered, request > 0);
    ck_assert_uint_eq(message.numbered ? message.request : 0, request);
    check_text(message.symbol, symbol);
    check_text(message.text, text);
}

START_TEST(answers_to_requests_are_read)
{
    check_answer("{\"method\":\"subscribe\",\"req_id\":3,\"result\":{\"channel\":\"trade\",\"snapshot\":true,\"symbol\":"
                 "\"BTC/USD\",\"warnings\":[\"old\"]},\"success\":true," TIMES "}",
                 true, true, 3, "BTC-USD", "");
    check_answer("{\"method\":\"unsubscribe\",\"result\":{\"symbol\":\"ETH/USD\",\"channel\":\"trade\"},\"success\":true," TIMES
                 "}",
                 false, true, 0, "ETH-USD", "");
    check_answer("{\"error\":\"Currency pair not supported X/Y\",\"method\":\"subscribe\",\"req_id\":7,\"success\":false,"
                 "\"symbol\":\"X/Y\"," TIMES "}",
                 true, false, 7, "X-Y", "Currency pair not supported X/Y");
    check_answer("{\"error\":\"Unsupported field\",\"method\":\"subscribe\",\"req_id\":18446744073709551615,\"success\":false}",
                 true, false, UINT64_MAX, "", "Unsupported field");
    check_answer("{\"error\":\"Subscription Not Found\",\"method\":\"unsubscribe\",\"symbol\":\"A/B\",\"req_id\":null}", false,
                 false, 0, "A-B", "Subscription Not Found");
    check_answer("{\"method\":\"subscribe\",\"success\":false,\"symbol\":null,\"error\":null,\"result\":null}", true, false, 0,
                 "", "");
}
END_TEST

START_TEST(a_refusal_may_say_nothing_but_why)
{
    check_answer("{\"Error\":\"Exceeded msg rate\"}", true, false, 0, "", "Exceeded msg rate");
    check_answer("{\"error\":\"Malformed \\\"request\\\"\",\"success\":false,\"req_id\":1}", true, false, 1, "",
                 "Malformed \"request\"");
}
END_TEST

START_TEST(a_symbol_that_is_not_spelled_as_one_stays_as_it_is)
{
    check_answer("{\"error\":\"no\",\"method\":\"subscribe\",\"success\":false,\"symbol\":\"XBTUSD\"}", true, false, 0,
                 "XBTUSD", "no");
}
END_TEST

START_TEST(long_reasons_are_cut)
{
    static char json[4096];
    int length = snprintf(json, sizeof json, "{\"method\":\"subscribe\",\"success\":false,\"error\":\"%0*d\"}", 3000, 0);
    ck_assert_int_lt(length, (int)sizeof json);
    check_read(json, KRAKEN_ANSWER);
    ck_assert_uint_eq(message.text.length, KRAKEN_TEXT_MAX);
}
END_TEST

START_TEST(status_is_read)
{
    check_read(
        "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"api_version\":\"v2\",\"connection_id\":12345,\"system\":"
        "\"maintenance\",\"version\":\"2.0.10\"}]}",
        KRAKEN_STATUS);
    check_text(message.system, "maintenance");
}
END_TEST

START_TEST(what_does_not_concern_us_is_left_alone)
{
    check_read("{\"method\":\"pong\",\"req_id\":42," TIMES "}", KRAKEN_PONG);
    check_read("{\"method\":\"ping\",\"error\":\"no\",\"success\":false}", KRAKEN_PONG);
    check_read("{\"channel\":\"heartbeat\"}", KRAKEN_OTHER);
    check_read("{\"channel\":\"book\",\"type\":7,\"data\":{}}", KRAKEN_OTHER);
    check_read("{\"channel\":\"status\",\"type\":\"update\",\"data\":[]}", KRAKEN_OTHER);
    check_read("{\"method\":\"add_order\",\"success\":\"perhaps\"}", KRAKEN_OTHER);
    check_read("{\"method\":\"subscribe\",\"success\":true,\"result\":{\"channel\":\"book\",\"symbol\":\"BTC/USD\"}}",
               KRAKEN_OTHER);
}
END_TEST

#define DONE(result) "{\"method\":\"subscribe\",\"success\":true,\"result\":" result "}"

static const char *const malformed[][2] = {
    {"", "expected JSON"},
    {"nonsense", "expected JSON"},
    {"[]", "expected an object"},
    {"{}", "channel: missing"},
    {"{\"req_id\":1}", "channel: missing"},
    {"{\"channel\":1}", "channel: expected a string, found a number"},
    {"{\"channel\":null}", "channel: expected a string, found another type"},
    {"{\"channel\":\"trade\"}", "type: missing"},
    {"{\"channel\":\"trade\",\"type\":1,\"data\":[]}", "type: expected a string, found a number"},
    {"{\"channel\":\"trade\",\"type\":\"delta\",\"data\":[]}", "type: expected snapshot or update, found \"delta\""},
    {"{\"channel\":\"trade\",\"type\":\"update\"}", "data: missing"},
    {"{\"channel\":\"trade\",\"type\":\"update\",\"data\":{}}", "data: expected an array, found {}"},
    {"{\"channel\":\"trade\",\"type\":\"update\",\"data\":\"[]\"}", "data: expected an array, found []"},
    {"{\"channel\":\"trade\",\"type\":\"update\",\"data\":[],\"data\":[]}", "data: expected once, found twice"},
    {"{\"channel\":\"trade\",\"channel\":\"trade\",\"type\":\"update\",\"data\":[]}", "channel: expected once, found twice"},
    {"{\"channel\":\"status\"}", "data: missing"},
    {"{\"channel\":\"status\",\"data\":[7]}", "data: expected an object"},
    {"{\"channel\":\"status\",\"data\":[{}]}", "data: system: missing"},
    {"{\"channel\":\"status\",\"data\":[{\"system\":1}]}", "data: system: expected a string, found a number"},
    {"{\"method\":1}", "method: expected a string, found a number"},
    {"{\"method\":\"subscribe\"}", "success: missing"},
    {"{\"method\":\"subscribe\",\"success\":\"true\"}", "success: expected true or false, found true"},
    {"{\"method\":\"subscribe\",\"success\":1}", "success: expected true or false, found 1"},
    {"{\"method\":\"subscribe\",\"success\":true}", "result: missing"},
    {"{\"method\":\"subscribe\",\"success\":true,\"success\":true}", "success: expected once, found twice"},
    {DONE("[]"), "result: expected an object, found []"},
    {DONE("{}"), "result: channel: missing"},
    {DONE("{\"channel\":\"trade\"}"), "result: symbol: missing"},
    {DONE("{\"channel\":1,\"symbol\":\"A/B\"}"), "result: channel: expected a string, found a number"},
    {DONE("{\"channel\":\"trade\",\"symbol\":[\"A/B\"]}"), "result: symbol: expected a string, found another type"},
    {DONE("{\"channel\":\"trade\",\"symbol\":\"A/B\",\"symbol\":\"A/B\"}"), "result: symbol: expected once, found twice"},
    {"{\"method\":\"subscribe\",\"success\":false,\"req_id\":\"1\"}", "req_id: expected a number, found a string"},
    {"{\"method\":\"subscribe\",\"success\":false,\"req_id\":-1}", "req_id: expected a whole number, found -1"},
    {"{\"method\":\"subscribe\",\"success\":false,\"req_id\":18446744073709551616}",
     "req_id: expected a whole number, found 18446744073709551616"},
    {"{\"method\":\"subscribe\",\"success\":false,\"error\":1}", "error: expected a string, found a number"},
    {"{\"method\":\"subscribe\",\"success\":false,\"symbol\":1}", "symbol: expected a string, found a number"},
    {"{\"Error\":1}", "Error: expected a string, found a number"},
    {"{\"error\":\"no\",\"req_id\":1.5}", "req_id: expected a whole number, found 1.5"},
};

START_TEST(malformed_messages_are_told_with_what_is_wrong)
{
    ck_assert(!read(malformed[_i][0]));
    ck_assert_str_eq(message.fields.reason, malformed[_i][1]);
}
END_TEST

START_TEST(message_cut_anywhere_is_malformed)
{
    text_t whole = TEXT(TRADES);
    for (size_t length = 0; length < whole.length; length++)
        ck_assert(!kraken_message_read(&message, (text_t){whole.at, length}));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("kraken_message");
    tcase_add_test(tests, trades_are_handed_out_one_by_one);
    tcase_add_test(tests, each_trade_is_read_by_itself_whatever_the_others_are);
    tcase_add_test(tests, answers_to_requests_are_read);
    tcase_add_test(tests, a_refusal_may_say_nothing_but_why);
    tcase_add_test(tests, a_symbol_that_is_not_spelled_as_one_stays_as_it_is);
    tcase_add_test(tests, long_reasons_are_cut);
    tcase_add_test(tests, status_is_read);
    tcase_add_test(tests, what_does_not_concern_us_is_left_alone);
    tcase_add_loop_test(tests, malformed_messages_are_told_with_what_is_wrong, 0, sizeof malformed / sizeof *malformed);
    tcase_add_test(tests, message_cut_anywhere_is_malformed);
    return RUN_TESTS("kraken_message", tests);
}
