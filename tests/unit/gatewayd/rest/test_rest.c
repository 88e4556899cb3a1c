/* Paths and queries to methods and their arguments, and what these find to bodies. */
#include "gatewayd/rest/rest.h"

#include "common/timestamp.h"
#include "gatewayd/admission/cors.h"
#include "gatewayd/forms/page_token.h"
#include "proto/moment.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static buffer_t out;

static void setup(void)
{
    out = buffer_new(0);
}

static void teardown(void)
{
    buffer_release(&out);
}

/* The arguments are divided by '&'. */
static bool read_query(rest_query_t *query, const char *text)
{
    *query = (rest_query_t){.count = 0};
    while (*text) {
        size_t length = strcspn(text, "&");
        if (!rest_query_add(query, (text_t){text, length}))
            return false;
        text += length + (text[length] != '\0');
    }
    return true;
}

static void on_error(reply_t *reply, int code, const char *reason, text_t message)
{
    (void)reply, (void)reason;
    ck_assert_int_eq(code, RPC_INVALID_PARAMS);
    buffer_printf(&out, ",!%.*s", TEXT_ARG(message));
}

static void put_text(const char *name, text_t text)
{
    if (text.length > 0)
        buffer_printf(&out, ",\"%s\":\"%.*s\"", name, TEXT_ARG(text));
}

static void put_time(const char *name, int64_t ns)
{
    char text[TIMESTAMP_MAX];
    if (ns != INT64_MIN)
        put_text(name, (text_t){text, timestamp_print(text, ns, 9)});
}

static void put_arguments(const arguments_t *found)
{
    put_text("symbol", param_slice(&found->symbol));
    if (found->next.length > 0)
        buffer_printf(&out, ",\"next\":%.*s", TEXT_ARG(found->next));
    put_text("from", found->from);
    put_text("to", found->to);
    if (found->count > 0)
        buffer_printf(&out, ",\"count\":%llu", (unsigned long long)found->count);
    put_text("source", param_slice(&found->source));
    put_time("beforeTimestamp", found->before_ns);
    put_time("afterTimestamp", found->after_ns);
}

/* Whatever it is called with, one by one: what is read, and why it is refused. */
static bool has_channel(const void *arg, text_t channel)
{
    (void)arg;
    return text_equal(channel, TEXT("readings"));
}

static void print_arguments(const rest_request_t *request)
{
    static const reply_kind_t kind = {.error = on_error};
    static const takes_t all[] = {TAKES_CHANNEL, TAKES_SYMBOL_OR_ALL, TAKES_NEXT,   TAKES_FROM,  TAKES_TO,
                                  TAKES_COUNT,   TAKES_SOURCE,        TAKES_BEFORE, TAKES_AFTER, TAKES_INTERVAL};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        arguments_t found;
        if (all[i] == TAKES_INTERVAL && !rest_request_value(request, "interval").text.at)
            continue;
        bool place = all[i] == TAKES_NEXT && text_equal(request->method, TEXT("getCoverage"));
        if (!arguments_read(&found, (takes_t[]){place ? TAKES_PLACE : all[i], TAKES_NO_MORE}, rest_request_value, request,
                            ANSWER_REST, has_channel, NULL, &(reply_t){&kind}))
            continue;
        put_arguments(&found);
        if (all[i] == TAKES_INTERVAL)
            put_text("interval", text_of(interval_name(found.interval)));
    }
}

/* What a GET of this becomes: a status and a body, or 0, and the method's name and its arguments. */
static unsigned ask(const char *path, const char *arguments)
{
    rest_query_t query;
    rest_request_t request;
    text_t symbol;
    const rest_route_t *route = rest_find(text_of(path), &symbol);
    ck_assert_msg(route && read_query(&query, arguments), "%s?%s", path, arguments);
    buffer_clear(&out);
    unsigned status = rest_request_init(&request, route, symbol, &query, &out);
    if (status == 0 && !rest_is_stream(route)) {
        buffer_append(&out, request.method);
        print_arguments(&request);
    }
    rest_request_release(&request);
    buffer_append(&out, TEXT("\0"));
    return status;
}

#define NO_COUNT(found) ",!count: expected a whole number from 1 to 10000, found " found
#define NO_TIME(found)  "Timestamp: expected " MOMENT_EXPECTED ", found " found

static const struct {
    const char *path, *arguments, *call;
} requests[] = {
    {"trades/BTC-USD", "", "getRecentTrades,\"symbol\":\"BTC-USD\""},
    {"trades/BTC-USD", "source=a&count=5", "getRecentTrades,\"symbol\":\"BTC-USD\",\"count\":5,\"source\":\"a\""},
    {"trades/a\"b", "count=007", "getRecentTrades,!Invalid symbol: a\"b" NO_COUNT("\"007\"")},
    {"trades/7", "count=0", "getRecentTrades,!Invalid symbol: 7" NO_COUNT("0")},
    {"trades/B-U", "count=", "getRecentTrades,\"symbol\":\"B-U\"" NO_COUNT("\"\"")},
    {"trades/B-U", "count=10001&source=", "getRecentTrades,\"symbol\":\"B-U\"" NO_COUNT("10001") ",!Invalid source: "},
    {"trades/B-U", "before=2025-11-10T17:24:33Z",
     "getRecentTrades,\"symbol\":\"B-U\",\"beforeTimestamp\":\"2025-11-10T17:24:33.000000000Z\""},
    {"trades/B-U", "before=2025-11-10T18:24:33 01:00",
     "getRecentTrades,\"symbol\":\"B-U\",\"beforeTimestamp\":\"2025-11-10T17:24:33.000000000Z\""},
    {"trades/B-U", "since=1762795473937&before=2025-11-11",
     "getTradesSince,\"symbol\":\"B-U\",\"beforeTimestamp\":\"2025-11-11T00:00:00.000000000Z\",\"afterTimestamp\":\"2025-11-10T"
     "17:24:33.937000000Z\""},
    {"trades/B-U", "since=1762795473", "getTradesSince,\"symbol\":\"B-U\",!after" NO_TIME("\"1762795473\"")},
    {"trades/B-U", "since=x&before=y", "getTradesSince,\"symbol\":\"B-U\",!before" NO_TIME("\"y\"") ",!after" NO_TIME("\"x\"")},
    {"trades/B-U", "from=7-1&source=a", "getTradesRange,\"symbol\":\"B-U\",\"from\":\"7-1\",\"source\":\"a\""},
    {"trades/B-U", "from=7&to=",
     "getTradesRange,\"symbol\":\"B-U\",!from: expected \"<epoch>-<seq>\", found \"7\""
     ",!to: expected \"<epoch>-<seq>\", found \"\""},
    {"trades/B-U", "to=7-9&from=7-1&cursor=IjctNSI", "getTradesRange,\"symbol\":\"B-U\",\"from\":\"7-5\",\"to\":\"7-9\""},
    {"trades/B-U", "cursor=eyJhIjoiNy01In0", "getRecentTrades,\"symbol\":\"B-U\",\"next\":{\"a\":\"7-5\"}"},
    {"trades/B-U", "cursor=eyJhIjoiXHUwMDM3LTUifQ", "getRecentTrades,\"symbol\":\"B-U\",\"next\":{\"a\":\"7-5\"}"},
    {"trades/B-U", "cursor=Nw",
     "getRecentTrades,\"symbol\":\"B-U\",!next: expected that of an earlier page, {\"<source>\":\"<epoch>-<seq>\"}, found 7"},
    {"candles/B-U", "interval=1m&after=x", "getCandles,\"symbol\":\"B-U\",!after" NO_TIME("\"x\"") ",\"interval\":\"1m\""},
    {"candles/B-U", "interval=60",
     "getCandles,\"symbol\":\"B-U\",!interval: expected one of 1s, 1m, 5m, 15m, 1h, 1d, found \"60\""},
    {"coverage/B-U", "source=a&count=5&after=2025-11-10&cursor=IjIwMjAtMDEtMDFUMDA6MDA6MDBaIGEi",
     "getCoverage,\"symbol\":\"B-U\",\"next\":\"2020-01-01T00:00:00Z "
     "a\",\"count\":5,\"source\":\"a\",\"afterTimestamp\":\"2025-11-10T00:00:00.000000000Z\""},
    {"coverage/B-U", "next=IjIwMjAtMDEtMDFUMDA6MDA6MDBaIGEi",
     "getCoverage,\"symbol\":\"B-U\",\"next\":\"2020-01-01T00:00:00Z a\""},
    {"stats", "symbol=B-U", "getStats,\"symbol\":\"B-U\""},
    {"stats", "symbol=", "getStats,!Symbol is required"},
    {"symbols", "", "getSymbols"},
    {"symbols", "_=1762795473937", "getSymbols"},
    {"stats", "_&symbol=B-U&_=1&_=2", "getStats,\"symbol\":\"B-U\""},
    {"status", "", "getStatus"},
    {"sources", "", "getStatus"},
};

START_TEST(a_query_becomes_a_call_of_a_method)
{
    char path[128];
    snprintf(path, sizeof path, "/api/v1/%s", requests[_i].path);
    ck_assert_uint_eq(ask(path, requests[_i].arguments), 0);
    ck_assert_str_eq(out.bytes, requests[_i].call);
}
END_TEST

static const struct {
    const char *path, *arguments, *detail;
} refusals[] = {
    {"trades/B-U", "colour=red", "\"colour: no such parameter here\""},
    {"trades/B-U", "Count=1", "\"Count: no such parameter here\""},
    {"trades/B-U", "from=7-1&before=x", "\"before: no such parameter here\""},
    {"trades/B-U", "cursor=%", "\"cursor: expected the `next` of an earlier page\""},
    {"trades/B-U", "cursor=eyJh", "\"cursor: expected the `next` of an earlier page\""},
    {"trades/B-U", "cursor=", "\"cursor: expected the `next` of an earlier page\""},
    {"symbols", "count=1", "\"count: no such parameter here\""},
    {"status", "=", "\": no such parameter here\""},
};

START_TEST(a_query_that_is_none_is_refused_by_name)
{
    char path[128];
    snprintf(path, sizeof path, "/api/v1/%s", refusals[_i].path);
    ck_assert_uint_eq(ask(path, refusals[_i].arguments), 400);
    ck_assert_msg(strstr(out.bytes, refusals[_i].detail), "expected %s, found %s", refusals[_i].detail, out.bytes);
    ck_assert(strstr(out.bytes, "\"status\":400"));
}
END_TEST

START_TEST(other_paths_are_none)
{
    static const char *const paths[] = {"/api/",
                                        "/api/v1",
                                        "/api/v1/",
                                        "/api/v1/trades",
                                        "/api/v1/trades/",
                                        "/api/v1/trades//",
                                        "/api/v1/trades/B-U//",
                                        "/api/v1/trades/B-U/x/",
                                        "/api/v1//symbols",
                                        "/api//v1/symbols",
                                        "//api/v1/symbols",
                                        "/api/v1/symbols//",
                                        "/api/v1/./symbols",
                                        "/api/v1/stats/../symbols",
                                        "/api/v1/Symbols",
                                        "/api/v2/symbols",
                                        "/api/versions/x",
                                        "/"};
    text_t symbol;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        ck_assert_msg(!rest_find(text_of(paths[i]), &symbol), "%s", paths[i]);
}
END_TEST

START_TEST(a_slash_at_the_end_of_a_path_changes_nothing)
{
    static const char *const paths[] = {"/api/v1/trades/B-U", "/api/v1/candles/B-U", "/api/v1/coverage/B-U",
                                        "/api/v1/stats",      "/api/v1/symbols",     "/api/v1/sources",
                                        "/api/v1/status",     "/api/v1/stream",      "/api/versions"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char slashed[64];
        text_t symbol = TEXT(""), again = TEXT("");
        snprintf(slashed, sizeof slashed, "%s/", paths[i]);
        const rest_route_t *route = rest_find(text_of(paths[i]), &symbol);
        ck_assert_msg(route && rest_find(text_of(slashed), &again) == route && text_equal(symbol, again), "%s", slashed);
    }
}
END_TEST

START_TEST(queries_are_bounded_and_name_each_thing_once)
{
    rest_query_t query;
    ck_assert(!read_query(&query, "a=1&b=2&a=3"));
    ck_assert(!read_query(&query, "a=\xff"));
    ck_assert(!read_query(&query, "a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q"));
    ck_assert(read_query(&query, "_=1&_=2&__&_a=b&_=\xff&a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p"));
    ck_assert_ptr_null(rest_query_get(&query, "_").at);
    ck_assert(read_query(&query, "a&b=&c=1=2"));
    ck_assert(text_equal(rest_query_get(&query, "c"), TEXT("1=2")));
    ck_assert_ptr_nonnull(rest_query_get(&query, "a").at);
    ck_assert_ptr_null(rest_query_get(&query, "d").at);
}
END_TEST

static const struct {
    const char *path, *result, *body;
} results[] = {
    {"trades/B-U", "{\"trades\":[{\"price\":1.50}],\"next\":{\"a\":\"7-5\"}}",
     "{\"version\":\"v1\",\"trades\":[{\"price\":1.50}],\"next\":\"eyJhIjoiNy01In0\"}"},
    {"sources", "{\"sources\":[1],\"clients\":2}", "{\"version\":\"v1\",\"sources\":[1]}"},
    {"status", "{\"clients\":2,\"version\":\"0.1\"}", "{\"version\":\"v1\",\"clients\":2,\"gateway\":\"0.1\"}"},
};

static const rest_route_t *find(const char *path)
{
    char whole[128];
    text_t symbol;
    snprintf(whole, sizeof whole, "/api/v1/%s", path);
    return rest_find(text_of(whole), &symbol);
}

START_TEST(what_was_found_becomes_a_body)
{
    rest_put_result(find(results[_i].path), text_of(results[_i].result), &out);
    buffer_append(&out, TEXT("\0"));
    ck_assert_str_eq(out.bytes, results[_i].body);
}
END_TEST

static const struct {
    const char *after, *rest;
} lists[] = {
    {"", "}"},
    {",\"incomplete\":true,\"next\":{\"a\":\"7-5\"}", ",\"incomplete\":true,\"next\":\"eyJhIjoiNy01In0\"}"},
};

START_TEST(a_list_and_what_is_around_it_become_a_body)
{
    char expected[256];
    reply_list_t list = {"trades", TEXT("\"symbol\":\"B-U\""), TEXT("[1,2]"), text_of(lists[_i].after)};
    rest_put_list(find("trades/B-U"), &list, &out);
    buffer_append(&out, TEXT("\0"));
    snprintf(expected, sizeof expected, "{\"version\":\"v1\",\"symbol\":\"B-U\",\"trades\":[1,2]%s", lists[_i].rest);
    ck_assert_str_eq(out.bytes, expected);
}
END_TEST

static const struct {
    int code;
    const char *message;
    unsigned status;
    const char *title, *detail;
} errors[] = {
    {-32602, "beforeTimestamp: expected a time", 400, "Bad Request", "before: expected a time"},
    {-32602, "afterTimestamp: x", 400, "Bad Request", "since: x"},
    {-32602, "Invalid symbol: B-U", 404, "Not Found", "Invalid symbol: B-U"},
    {-32000, "History", 503, "Service Unavailable", "History"},
    {0, "The gateway failed", 500, "Internal Server Error", "The gateway failed"},
};

START_TEST(an_error_becomes_a_status_and_a_problem)
{
    char expected[512];
    ck_assert_uint_eq(rest_problem_of(find("trades/B-U"), errors[_i].code, NULL, text_of(errors[_i].message), &out),
                      errors[_i].status);
    buffer_append(&out, TEXT("\0"));
    snprintf(expected, sizeof expected,
             "{\"version\":\"v1\",\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}", errors[_i].title,
             errors[_i].status, errors[_i].detail);
    ck_assert_str_eq(out.bytes, expected);
}
END_TEST

START_TEST(a_token_gives_back_what_it_was_made_of)
{
    static const char *const texts[] = {"", "1", "\"7\"", "{\"a\":\"7-5\"}", "\"\xc3\xbf\xc3\xbe?>>?\"", "[1,2]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buffer_t token = buffer_new(0);
        buffer_clear(&out);
        page_token_append(&token, text_of(texts[i]));
        ck_assert_msg(page_token_decode(&out, buffer_text(&token)) && text_equal(buffer_text(&out), text_of(texts[i])), "%s",
                      texts[i]);
        buffer_release(&token);
    }
    static const char *const wrong[] = {"a", "abcde", "a b", "ab==", "ab+/", "\xff\xff"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!page_token_decode(&out, text_of(wrong[i])), "%s", wrong[i]);
}
END_TEST

static const struct {
    const char *origins[2], *origin, *expected;
} pages[] = {
    {{NULL}, "https://a", ""},
    {{"https://a", "https://b"}, "", "Vary: Origin\r\n"},
    {{"https://a", "https://b"}, "https://c", "Vary: Origin\r\n"},
    {{"https://a", "https://b"},
     "https://b",
     "Vary: Origin\r\nAccess-Control-Allow-Origin: https://b\r\nAccess-Control-Allow-Credentials: true\r\n"},
    {{"*"}, "https://c", "Vary: Origin\r\nAccess-Control-Allow-Origin: *\r\n"},
    {{"*"}, "", "Vary: Origin\r\n"},
    {{"*", "https://b"},
     "https://b",
     "Vary: Origin\r\nAccess-Control-Allow-Origin: https://b\r\nAccess-Control-Allow-Credentials: true\r\n"},
};

START_TEST(pages_are_let_in_by_their_origin)
{
    cors_t cors = {pages[_i].origins, (pages[_i].origins[0] != NULL) + (pages[_i].origins[1] != NULL)};
    cors_append(&cors, text_of(pages[_i].origin), &out);
    buffer_append(&out, TEXT("\0"));
    size_t length = strlen(pages[_i].expected);
    ck_assert_int_eq(strncmp(out.bytes, pages[_i].expected, length), 0);
    ck_assert(out.bytes[length] == '\0' || strncmp(out.bytes + length, "Access-Control-Expose", 21) == 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("rest");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_query_becomes_a_call_of_a_method, 0, sizeof requests / sizeof *requests);
    tcase_add_loop_test(tcase, a_query_that_is_none_is_refused_by_name, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(tcase, other_paths_are_none);
    tcase_add_test(tcase, a_slash_at_the_end_of_a_path_changes_nothing);
    tcase_add_test(tcase, queries_are_bounded_and_name_each_thing_once);
    tcase_add_loop_test(tcase, what_was_found_becomes_a_body, 0, sizeof results / sizeof *results);
    tcase_add_loop_test(tcase, a_list_and_what_is_around_it_become_a_body, 0, sizeof lists / sizeof *lists);
    tcase_add_loop_test(tcase, an_error_becomes_a_status_and_a_problem, 0, sizeof errors / sizeof *errors);
    tcase_add_test(tcase, a_token_gives_back_what_it_was_made_of);
    tcase_add_loop_test(tcase, pages_are_let_in_by_their_origin, 0, sizeof pages / sizeof *pages);
    return RUN_TESTS("rest", tcase);
}
