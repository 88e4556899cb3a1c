/* What the hub says otherwise than /ws: as the .NET server said it (proto/signalr.md, "Dialect"). */
#include "proto/moment.h"
#include "tests/unit/gateway_fixture.h"

#include "gatewayd/forms/dialect.h"
#include "tests/unit/run_tests.h"

static const client_link_t hub_link = {
    .dialect = DIALECT_SIGNALR, .send = wire_send, .ready = wire_ready, .wake = wire_wake, .close = wire_close};

static void setup(void)
{
    fixture_setup();
    peer_leaves(&fixture.client);
    fixture.client = peer_new(&fixture.hub, &hub_link, &fixture.wire);
    hear("a", true, "{\"BTC-USD\":10}");
    fixture.now_ns += OFFERS_SETTLED_MS * NS_PER_MS;
}

/* The next message to the hub's client is this JSON-RPC. */
static void expect_told(const char *wanted)
{
    char room[4096];
    text_t record = take(), told;
    ck_assert_msg(record.length > 0 && record.length < sizeof room && record.at[record.length - 1] == 0x1e,
                  "expected a record with %s, found %.*s", wanted, TEXT_ARG(record));
    json_walk_t arguments = json_walk(json_member((text_t){record.at, record.length - 1}, "arguments"));
    ck_assert(json_next(&arguments) && json_string(arguments.value, room, &told) && json_valid(told));
    ck_assert_msg(text_equal(told, text_of(wanted)), "expected %s\nfound    %.*s", wanted, TEXT_ARG(told));
}

#define REQUEST(method, params) "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"" method "\",\"params\":" params "}"
#define RECENT(more)            REQUEST("getRecentTrades", "{\"channel\":\"trades\",\"symbol\":\"BTC-USD\"" more "}")
#define ANSWER(result)          "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":" result "}"
#define PAGE(more)              "\"page\":{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"staleness\":0.000" more "}"
#define ERROR(code, message, data)                                                                                             \
    "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"error\":{\"code\":" code ",\"message\":\"" message "\",\"data\":\"" data "\"}}"
#define INVALID(data) ERROR("-32602", "Invalid params", data)
#define COUNT(found)  INVALID("count: expected a whole number from 1 to 10000, found " found)

static const struct {
    const char *request, *asked;
} forms[] = {
    {RECENT(""), "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":50}"},
    {RECENT(",\"count\":null,\"beforeTimestamp\":null,\"afterTimestamp\":null"),
     "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":50}"},
    {RECENT(",\"count\":1000"), "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":1000}"},
    {RECENT(",\"beforeTimestamp\":\"2025-11-10T17:24:33.9373450Z\""),
     "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":50,\"before\":\"2025-11-10T17:24:33.937345000Z\"}"},
    {RECENT(",\"afterTimestamp\":\"2025-11-10T17:24:33.937Z\""),
     "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":50,\"after\":\"2025-11-10T17:24:33.937000000Z\"}"},
    {RECENT(",\"next\":{\"a\":\"7-9\"}"), "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":50,\"upto\":{\"a\":\"7-9\"}}"},
};

START_TEST(recent_trades_are_an_array_and_what_is_around_them_stands_beside_it)
{
    say(forms[_i].request);
    service_answers("history", forms[_i].asked,
                    "{\"ok\":true,\"id\":7,\"trades\":[{\"price\":105383.80000},{\"qty\":8.5E-5}],\"next\":{\"a\":\"7-3\"}}");
    client_pump(fixture.client);
    expect_told("{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":[{\"price\":105383.80000},{\"qty\":8.5E-5}]," PAGE(
        ",\"next\":{\"a\":\"7-3\"}") "}");
    expect_nothing();
}
END_TEST

START_TEST(no_trades_are_an_empty_array)
{
    say(RECENT(""));
    service_answers("history", "recent", "{\"ok\":true,\"trades\":[]}");
    client_pump(fixture.client);
    expect_told("{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":[]," PAGE("") "}");
    say(RECENT(""));
    service_answers("history", "recent", "{\"ok\":true,\"strange\":1}");
    client_pump(fixture.client);
    expect_told(ERROR("-32000", "Unavailable", "Invalid reply from history"));
}
END_TEST

START_TEST(the_rings_tell_recent_trades_as_an_array_too)
{
    char json[TRADE_MAX], wanted[TRADE_MAX + 256];
    fixture.hub.buses.following = true;
    say(SUBSCRIBE(""));
    follow(BTC, FIXTURE_EPOCH, 10);
    trades_come(11, 12);
    fixture.wire.sent.length = fixture.wire.taken;
    say(RECENT(",\"count\":1"));
    service_answers_trades("history", "\"count\":1", 12, 12, ",\"next\":{\"a\":\"7-11\"}");
    client_pump(fixture.client);
    snprintf(wanted, sizeof wanted,
             "{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":[%.*s]," PAGE(",\"next\":{\"a\":\"7-11\"}") "}",
             (int)print_trade(json, "a", FIXTURE_EPOCH, 12), json);
    expect_told(wanted);
    say(RECENT(",\"count\":1"));
    ck_assert_msg(fixture.asked_count == 0 && recent_counts(fixture.hub.recent)->answered > 0, "the rings answer");
    expect_told(wanted);
    say("[" RECENT(",\"count\":1") "]");
    snprintf(wanted, sizeof wanted,
             "[{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":[%.*s]," PAGE(",\"next\":{\"a\":\"7-11\"}") "}]",
             (int)print_trade(json, "a", FIXTURE_EPOCH, 12), json);
    expect_told(wanted);
    ck_assert_uint_eq(fixture.asked_count, 0);
}
END_TEST

static const struct {
    const char *request, *answer;
} refused[] = {
    {REQUEST("getRecentTrades", "{\"symbol\":\"BTC-USD\"}"), INVALID("Only 'trades' channel is supported")},
    {REQUEST("getRecentTrades", "{\"channel\":null,\"symbol\":\"BTC-USD\"}"), INVALID("Only 'trades' channel is supported")},
    {REQUEST("getRecentTrades", "{\"channel\":\"l2\",\"symbol\":\"BTC-USD\"}"), INVALID("Only 'trades' channel is supported")},
    {REQUEST("getRecentTrades", "{\"channel\":7,\"symbol\":\"BTC-USD\"}"), INVALID("Only 'trades' channel is supported")},
    {REQUEST("getRecentTrades", "{}"), INVALID("Only 'trades' channel is supported")},
    {REQUEST("getRecentTrades", "{\"channel\":\"trades\"}"), INVALID("Symbol is required")},
    {REQUEST("getRecentTrades", "{\"channel\":\"trades\",\"symbol\":null}"), INVALID("Symbol is required")},
    {REQUEST("getRecentTrades", "{\"channel\":\"trades\",\"symbol\":\"\"}"), INVALID("Symbol is required")},
    {REQUEST("getRecentTrades", "{\"channel\":\"trades\",\"symbol\":\"X\"}"), INVALID("Invalid symbol: X")},
    {REQUEST("getRecentTrades", "{\"channel\":\"trades\",\"symbol\":7}"), INVALID("Invalid symbol: 7")},
    {REQUEST("getRecentTrades", "{\"channel\":\"trades\",\"symbol\":[\"BTC-USD\"]}"),
     INVALID("Invalid symbol: [\\\"BTC-USD\\\"]")},
    {RECENT(",\"count\":\"5\""), COUNT("\\\"5\\\"")},
    {RECENT(",\"count\":0"), COUNT("0")},
    {RECENT(",\"count\":-1"), COUNT("-1")},
    {RECENT(",\"count\":10001"), COUNT("10001")},
    {RECENT(",\"beforeTimestamp\":\"yesterday\""),
     INVALID("beforeTimestamp: expected " MOMENT_EXPECTED ", found \\\"yesterday\\\"")},
    {REQUEST("subscribe", "{}"), INVALID("Only 'trades' channel is supported")},
    {REQUEST("subscribe", "{\"channel\":\"trades\"}"), INVALID("Symbol is required")},
    {REQUEST("subscribe", "{\"channel\":\"trades\",\"symbol\":\"X-Y\"}"), INVALID("Invalid symbol: X-Y")},
    {REQUEST("unsubscribe", "{\"channel\":\"trades\",\"symbol\":\"BTC-USD\"}"), INVALID("Not subscribed: BTC-USD")},
    {REQUEST("ping", "[]"), INVALID("params: expected an object, found an array")},
    {REQUEST("nothing", "{}"), ERROR("-32601", "Method not found", "nothing")},
    {"{\"id\":\"1\",\"method\":\"ping\"}", ERROR("-32600", "Invalid Request", "jsonrpc: expected \\\"2.0\\\"")},
};

START_TEST(an_error_names_its_code_and_has_the_detail_as_data)
{
    say(refused[_i].request);
    expect_told(refused[_i].answer);
    expect_nothing();
    ck_assert_uint_eq(fixture.asked_count, 0);
}
END_TEST

static const struct {
    int code;
    const char *message, *on_hub;
} errors[] = {
    {RPC_PARSE_ERROR, "Parse error: x", "\"Parse error\",\"data\":\"x\""},
    {RPC_INVALID_REQUEST, "Invalid Request: \"a\"", "\"Invalid Request\",\"data\":\"\\\"a\\\"\""},
    {RPC_METHOD_NOT_FOUND, "Method not found: ", "\"Method not found\",\"data\":\"\""},
    {RPC_INVALID_PARAMS, "Invalid symbol: X", "\"Invalid params\",\"data\":\"Invalid symbol: X\""},
    {RPC_INTERNAL_ERROR, "Out of memory", "\"Internal error\",\"data\":\"Out of memory\""},
    {RPC_UNAVAILABLE, "Unavailable", "\"Unavailable\",\"data\":\"Unavailable\""},
    {RPC_LIMIT, "", "\"Limit exceeded\",\"data\":\"\""},
    {RPC_FORBIDDEN, "no", "\"Forbidden\",\"data\":\"no\""},
    {-32099, "of another day", "\"Server error\",\"data\":\"of another day\""},
};

START_TEST(every_code_has_its_name_on_the_hub_and_only_there)
{
    char expected[256];
    buffer_t out = buffer_new(0), message = buffer_new(0);
    dialect_put_error(DIALECT_SIGNALR, errors[_i].code, NULL, text_of(errors[_i].message), &out);
    snprintf(expected, sizeof expected, ",\"error\":{\"code\":%d,\"message\":%s}", errors[_i].code, errors[_i].on_hub);
    ck_assert_msg(text_equal(buffer_text(&out), text_of(expected)), "found %.*s", TEXT_ARG(buffer_text(&out)));
    buffer_append_json_string(&message, text_of(errors[_i].message));
    snprintf(expected, sizeof expected, ",\"error\":{\"code\":%d,\"message\":%.*s}", errors[_i].code,
             TEXT_ARG(buffer_text(&message)));
    for (dialect_t dialect = DIALECT_RPC; dialect < DIALECT_SIGNALR; dialect++) {
        buffer_clear(&out);
        dialect_put_error(dialect, errors[_i].code, NULL, text_of(errors[_i].message), &out);
        ck_assert_msg(text_equal(buffer_text(&out), text_of(expected)), "found %.*s", TEXT_ARG(buffer_text(&out)));
    }
    buffer_release(&out);
    buffer_release(&message);
}
END_TEST

START_TEST(a_reason_is_data_and_on_the_hub_beside_it)
{
    buffer_t out = buffer_new(0);
    dialect_put_error(DIALECT_RPC, RPC_LIMIT, "no_token", TEXT("a token is needed"), &out);
    dialect_put_error(DIALECT_SIGNALR, RPC_LIMIT, "no_token", TEXT("a token is needed"), &out);
    ck_assert_msg(
        text_equal(buffer_text(&out),
                   TEXT(",\"error\":{\"code\":-32001,\"message\":\"a token is needed\",\"data\":{\"reason\":\"no_token\"}}"
                        ",\"error\":{\"code\":-32001,\"message\":\"Unauthorized\",\"data\":\"a token is needed\","
                        "\"reason\":\"no_token\"}")),
        "found %.*s", TEXT_ARG(buffer_text(&out)));
    buffer_release(&out);
}
END_TEST

START_TEST(a_batch_has_the_same_answers_and_a_notification_none)
{
    say("{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":{}}");
    say("{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}");
    expect_nothing();
    say("[" RECENT("") "," REQUEST("nothing", "{}") ",{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}]");
    expect_nothing();
    service_answers("history", "recent", "{\"ok\":true,\"trades\":[{\"seq\":1}]}");
    client_pump(fixture.client);
    expect_told("[" ERROR("-32601", "Method not found",
                          "nothing") ",{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"result\":[{\"seq\":1}]," PAGE("") "}]");
}
END_TEST

START_TEST(other_methods_answer_as_everywhere)
{
    say(REQUEST("getTradesSince", "{\"symbol\":\"BTC-USD\",\"afterTimestamp\":\"1970-01-01T00:00:00Z\"}"));
    service_answers("history", "\"count\":100", "{\"ok\":true,\"trades\":[{\"seq\":1}],\"next\":{\"a\":\"7-2\"}}");
    client_pump(fixture.client);
    expect_told(ANSWER("{\"channel\":\"trades\",\"symbol\":\"BTC-USD\",\"staleness\":0.000,\"trades\":[{\"seq\":1}],"
                       "\"next\":{\"a\":\"7-2\"}}"));
    say(REQUEST("getSymbols", "{}"));
    expect_told(ANSWER("{\"symbols\":[\"BTC-USD\"],\"sources\":{\"BTC-USD\":[\"a\"]}}"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("dialect");
    tcase_add_checked_fixture(tcase, setup, fixture_teardown);
    tcase_add_loop_test(tcase, recent_trades_are_an_array_and_what_is_around_them_stands_beside_it, 0,
                        sizeof forms / sizeof *forms);
    tcase_add_test(tcase, no_trades_are_an_empty_array);
    tcase_add_test(tcase, the_rings_tell_recent_trades_as_an_array_too);
    tcase_add_loop_test(tcase, an_error_names_its_code_and_has_the_detail_as_data, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(tcase, every_code_has_its_name_on_the_hub_and_only_there, 0, sizeof errors / sizeof *errors);
    tcase_add_test(tcase, a_reason_is_data_and_on_the_hub_beside_it);
    tcase_add_test(tcase, a_batch_has_the_same_answers_and_a_notification_none);
    tcase_add_test(tcase, other_methods_answer_as_everywhere);
    return RUN_TESTS("dialect", tcase);
}
