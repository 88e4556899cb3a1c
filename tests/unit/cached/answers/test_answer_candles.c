#include <stdio.h>
#include <stdlib.h>

#include "cached/answers/answer_candles.h"
#include "common/clock.h"
#include "common/timestamp.h"
#include "tests/unit/run_tests.h"

/* Source a trades at 10:00:00, 10:01:00 … 10:04:00, source b half a minute later. The price is the minute's number, for b and a half. */
static catalog_t *catalog;
static buffer_t answer;
static candle_facts_t facts;

static void give(const char *topic, uint64_t seq, const char *at, const char *price, const char *qty)
{
    memory_log_t *memory_log = catalog_memory_log(catalog, text_of(topic));
    int64_t ns;
    ck_assert(memory_log && timestamp_parse(text_of(at), &ns));
    ck_assert(candles_add(memory_log_candles(memory_log), (candle_place_t){ns, {7, seq}}, text_of(price), text_of(qty)));
}

static void setup(void)
{
    catalog = catalog_new(1000);
    facts = (candle_facts_t){.catalog = catalog, .now_ns = INT64_MAX};
    answer = buffer_new(0);
    for (unsigned minute = 0; minute < 5; minute++) {
        char a[32], b[32], a_price[8], b_price[8];
        snprintf(a, sizeof a, "2025-11-10T10:%02u:00Z", minute);
        snprintf(b, sizeof b, "2025-11-10T10:%02u:30Z", minute);
        snprintf(a_price, sizeof a_price, "%u", minute);
        snprintf(b_price, sizeof b_price, "%u.5", minute);
        give("trade.BTC-USD.a", minute + 1, a, a_price, "1");
        if (minute % 2 == 0)
            give("trade.BTC-USD.b", minute + 1, b, b_price, "1.0");
    }
}

static void teardown(void)
{
    buffer_release(&answer);
    catalog_destroy(&catalog);
}

static void ask(const char *json)
{
    request_t request;
    catalog_symbol_t found;
    ck_assert(request_parse(text_of(json), &request, &answer));
    ck_assert(catalog_symbol(catalog, request.symbol, &found));
    answer_candles(&request, &found, &facts, &answer);
    ck_assert(buffer_ok(&answer));
}

static void assert_answer(const char *json, const char *expected)
{
    ask(json);
    ck_assert_msg(text_equal(buffer_text(&answer), text_of(expected)), "%s\nexpected %s\nfound    %.*s", json, expected,
                  TEXT_ARG(buffer_text(&answer)));
}

#define ASK(more) "{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":\"1m\"" more "}"
#define CANDLE(minute, open, high, low, close, volume, count, vwap)                                                            \
    "{\"start\":\"2025-11-10T10:0" minute ":00Z\",\"open\":" open ",\"high\":" high ",\"low\":" low ",\"close\":" close        \
    ",\"volume\":" volume ",\"count\":" count ",\"vwap\":" vwap ",\"complete\":false}"
#define BOTH(minute, vwap)       CANDLE(minute, minute, minute ".5", minute, minute ".5", "2.0", "2", vwap)
#define ONLY(minute)             CANDLE(minute, minute, minute, minute, minute, "1", "1", minute)
#define ONLY_B(minute)           CANDLE(minute, minute ".5", minute ".5", minute ".5", minute ".5", "1.0", "1", minute ".5")
#define OK_OF(interval, candles) "{\"ok\":true,\"interval\":\"" interval "\",\"candles\":[" candles "]}"
#define OK(candles)              OK_OF("1m", candles)
#define OK_NEXT(candles, next)                                                                                                 \
    "{\"ok\":true,\"interval\":\"1m\",\"candles\":[" candles "],\"next\":\"2025-11-10T10:0" next ":00Z\"}"

static const struct {
    const char *request, *answer;
} cases[] = {
    {ASK(""), OK(BOTH("0", "0.25") "," ONLY("1") "," BOTH("2", "2.25") "," ONLY("3") "," BOTH("4", "4.25"))},
    {ASK(",\"count\":2"), OK_NEXT(ONLY("3") "," BOTH("4", "4.25"), "3")},
    {ASK(",\"count\":2,\"before\":\"2025-11-10T10:03:00Z\""), OK_NEXT(ONLY("1") "," BOTH("2", "2.25"), "1")},
    {ASK(",\"count\":2,\"before\":\"2025-11-10T10:01:00Z\",\"id\":5"),
     "{\"ok\":true,\"id\":5,\"interval\":\"1m\",\"candles\":[" BOTH("0", "0.25") "]}"},
    {ASK(",\"count\":1,\"before\":\"2025-11-10T10:03:00.000000001Z\""), OK_NEXT(ONLY("3"), "3")},
    {ASK(",\"after\":\"2025-11-10T10:02:00Z\""), OK(ONLY("3") "," BOTH("4", "4.25"))},
    {ASK(",\"after\":\"2025-11-10T10:02:00Z\",\"count\":1"), OK_NEXT(BOTH("4", "4.25"), "4")},
    {ASK(",\"after\":\"2025-11-10T10:02:00Z\",\"count\":2"), OK(ONLY("3") "," BOTH("4", "4.25"))},
    {ASK(",\"after\":\"2025-11-10T10:01:59.9Z\",\"before\":\"2025-11-10T10:02:00.1Z\""), OK(BOTH("2", "2.25"))},
    {ASK(",\"after\":\"2025-11-10T10:03:00Z\",\"before\":\"2025-11-10T10:03:00Z\""), OK("")},
    {ASK(",\"source\":\"b\""), OK(ONLY_B("0") "," ONLY_B("2") "," ONLY_B("4"))},
    {ASK(",\"source\":\"b\",\"count\":1"), OK_NEXT(ONLY_B("4"), "4")},
    {ASK(",\"source\":\"c\""), OK("")},
    {"{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":\"1d\"}",
     OK_OF("1d",
           "{\"start\":\"2025-11-10T00:00:00Z\",\"open\":0,\"high\":4.5,\"low\":0,\"close\":4.5,\"volume\":8.0,\"count\":8,"
           "\"vwap\":2.1875,\"complete\":false}")},
};

START_TEST(candles_are_answered_as_asked_for)
{
    assert_answer(cases[_i].request, cases[_i].answer);
}
END_TEST

START_TEST(within_a_timestamp_the_order_is_that_of_the_sources_names)
{
    give("trade.ETH-USD.a", 9, "2025-11-10T10:00:00Z", "1", "1");
    give("trade.ETH-USD.b", 1, "2025-11-10T10:00:00Z", "2", "1");
    assert_answer("{\"op\":\"candles\",\"symbol\":\"ETH-USD\",\"interval\":\"1h\"}",
                  OK_OF("1h", CANDLE("0", "1", "2", "1", "2", "2", "2", "1.5")));
}
END_TEST

/* Source a holds the last hour's seconds, b an older one: as a lacks its trades of then, there is no candle of both. */
START_TEST(where_one_source_lacks_candles_there_is_none)
{
    static const char seconds[] = "{\"op\":\"candles\",\"symbol\":\"XRP-USD\",\"interval\":\"1s\",\"count\":10000}";
    give("trade.XRP-USD.b", 1, "2025-11-10T09:00:00Z", "1", "1");
    give("trade.XRP-USD.b", 2, "2025-11-10T10:00:05Z", "1", "1");
    memory_log_t *memory_log = catalog_memory_log(catalog, TEXT("trade.XRP-USD.a"));
    int64_t start_ns;
    ck_assert(timestamp_parse(TEXT("2025-11-10T10:00:00Z"), &start_ns));
    for (uint64_t n = 0; n < 3602; n++)
        ck_assert(candles_add(memory_log_candles(memory_log), (candle_place_t){start_ns + (int64_t)n * NS_PER_S, {7, n + 1}},
                              TEXT("1"), TEXT("1")));
    ask(seconds);
    ck_assert(text_starts_with(buffer_text(&answer),
                               TEXT("{\"ok\":true,\"interval\":\"1s\",\"candles\":[{\"start\":\"2025-11-10T10:00:02Z\"")));
    answer.bytes[answer.length - 1] = '\0';
    ck_assert_ptr_null(strstr(answer.bytes, "next"));
    ck_assert_ptr_nonnull(strstr(answer.bytes,
                                 "{\"start\":\"2025-11-10T10:00:05Z\",\"open\":1,\"high\":1,\"low\":1,\"close\":1,"
                                 "\"volume\":2,\"count\":2"));
}
END_TEST

START_TEST(pages_joined_are_the_whole)
{
    buffer_t whole = buffer_new(0);
    ask(ASK(""));
    buffer_append(&whole, buffer_text(&answer));
    text_t tail = {whole.bytes + strlen("{\"ok\":true,\"interval\":\"1m\",\"candles\":["), 0};
    tail.length = whole.length - (size_t)(tail.at - whole.bytes) - strlen("]}");
    char request[256] = ASK(",\"count\":1");
    for (int page = 4; page >= 0; page--) {
        ask(request);
        const char *begin = answer.bytes + strlen("{\"ok\":true,\"interval\":\"1m\",\"candles\":["),
                   *end = memchr(begin, ']', answer.length);
        text_t candle = {begin, (size_t)(end - begin)};
        ck_assert_uint_ge(tail.length, candle.length);
        ck_assert(text_equal(candle, (text_t){tail.at + tail.length - candle.length, candle.length}));
        tail.length -= candle.length + (page > 0); /* and the comma before it */
        if (page > 0)
            snprintf(request, sizeof request, ASK(",\"count\":1,\"before\":\"2025-11-10T10:0%d:00Z\""), page);
    }
    ck_assert_uint_eq(tail.length, 0);
    buffer_release(&whole);
}
END_TEST

START_TEST(of_more_than_fit_fewer_are_answered)
{
    buffer_t small = buffer_new(512);
    request_t request;
    catalog_symbol_t found;
    ck_assert(request_parse(TEXT(ASK(",\"count\":5")), &request, &small));
    ck_assert(catalog_symbol(catalog, request.symbol, &found));
    answer_candles(&request, &found, &facts, &small);
    ck_assert(text_equal(buffer_text(&small), TEXT(OK_NEXT(ONLY("3") "," BOTH("4", "4.25"), "3"))));
    buffer_release(&small);
}
END_TEST

static const char *const refused[] = {
    "{\"op\":\"candles\",\"symbol\":\"BTC-USD\"}",
    "{\"op\":\"candles\",\"interval\":\"1m\"}",
    "{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":\"2m\"}",
    "{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":60}",
    "{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":\"1m\",\"source\":\"a b\"}",
};

START_TEST(a_question_without_a_good_interval_is_refused)
{
    request_t request;
    ck_assert(!request_parse(text_of(refused[_i]), &request, &answer));
    ck_assert(text_starts_with(buffer_text(&answer), TEXT("{\"ok\":false,\"error\":{\"code\":\"invalid_request\"")));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("answer_candles");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, candles_are_answered_as_asked_for, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, within_a_timestamp_the_order_is_that_of_the_sources_names);
    tcase_add_test(tcase, where_one_source_lacks_candles_there_is_none);
    tcase_add_test(tcase, pages_joined_are_the_whole);
    tcase_add_test(tcase, of_more_than_fit_fewer_are_answered);
    tcase_add_loop_test(tcase, a_question_without_a_good_interval_is_refused, 0, sizeof refused / sizeof *refused);
    return RUN_TESTS("answer_candles", tcase);
}
