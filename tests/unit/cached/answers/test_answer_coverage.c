#include <stdio.h>
#include <stdlib.h>

#include "cached/answers/history.h"
#include "common/clock.h"
#include "common/curve/rights.h"
#include "common/timestamp.h"
#include "proto/request.h"
#include "tests/unit/run_tests.h"

/* Sources a and b have trades and coverage of BTC-USD, c has trades alone, d coverage alone. Times are minutes of 10 o'clock. */
static catalog_t *catalog;
static history_t *history;
static buffer_t answered;

#define TIME(minute) "2025-11-10T10:" minute ":00.000000000Z"

static void on_answer(void *arg, text_t peer, text_t answer)
{
    (void)arg, (void)peer;
    buffer_clear(&answered);
    buffer_append(&answered, answer);
}

static int64_t ns_of(const char *time)
{
    int64_t ns;
    ck_assert(timestamp_parse(text_of(time), &ns));
    return ns;
}

static void tell(const char *topic, uint64_t seq, const char *data)
{
    memory_log_t *memory_log = catalog_memory_log(catalog, text_of(topic));
    trade_t record = {.cursor = {7, seq}, .data = text_of(data)};
    ck_assert(memory_log_append(memory_log, &(memory_log_trade_t){record.cursor, 0, TEXT("{}")}));
    ck_assert(coverage_series_take(memory_log_coverage(memory_log), &record));
}

static void trade(const char *topic, uint64_t seq, const char *time)
{
    memory_log_t *memory_log = catalog_memory_log(catalog, text_of(topic));
    ck_assert(memory_log_append(memory_log, &(memory_log_trade_t){{7, seq}, ns_of(time), TEXT("{}")}));
    ck_assert(candles_add(memory_log_candles(memory_log), (candle_place_t){ns_of(time), {7, seq}}, TEXT("1"), TEXT("2")));
}

static void hear(const char *source, int64_t time_ns)
{
    catalog_offer(catalog, &(status_t){.source = text_of(source), .symbols = TEXT("{\"BTC-USD\":1}"), .time_ns = time_ns});
}

static void set_up(void)
{
    catalog = catalog_new(1000);
    history = history_new(&(history_config_t){.catalog = catalog, .token = "t", .on_answer = on_answer});
    answered = buffer_new(0);
    trade("trade.BTC-USD.a", 1, TIME("05"));
    trade("trade.BTC-USD.a", 2, TIME("06"));
    trade("trade.BTC-USD.b", 4, TIME("05"));
    trade("trade.BTC-USD.c", 9, TIME("07"));
    tell("coverage.BTC-USD.a", 1, "{\"state\":\"live\",\"from\":\"" TIME("00") "\",\"cursor\":\"7-0\"}");
    tell("coverage.BTC-USD.a", 2,
         "{\"state\":\"hole\",\"from\":\"" TIME("10") "\",\"to\":\"" TIME(
             "12") "\",\"cursor\":\"7-2\",\"missing\":3,\"first_id\":\"41\"}");
    tell("coverage.BTC-USD.b", 1, "{\"state\":\"live\",\"from\":\"" TIME("00") "\",\"cursor\":\"7-0\"}");
    tell("coverage.BTC-USD.d", 1, "{\"state\":\"unknown\",\"from\":\"" TIME("03") "\",\"cursor\":\"7-0\"}");
    hear("a", clock_real_ns());
    hear("b", clock_real_ns());
    hear("d", clock_real_ns());
}

static void tear_down(void)
{
    history_destroy(&history);
    catalog_destroy(&catalog);
    buffer_release(&answered);
}

static text_t ask(const char *request)
{
    buffer_clear(&answered);
    history_handle(history, TEXT("peer"), TEXT(RIGHTS_ALL), text_of(request));
    ck_assert(json_valid(buffer_text(&answered)));
    return buffer_text(&answered);
}

static void assert_answer(const char *request, const char *expected)
{
    text_t answer = ask(request);
    ck_assert_msg(text_equal(answer, text_of(expected)), "%s\nexpected %s\nfound    %.*s", request, expected, TEXT_ARG(answer));
}

#define ASK(more)      "{\"op\":\"coverage\",\"symbol\":\"BTC-USD\"" more "}"
#define A              "{\"source\":\"a\","
#define LIVE(from, to) "\"state\":\"live\",\"from\":\"" TIME(from) "\",\"to\":" to ",\"cursor\":\"7-0\"}"
#define AT(minute)     "\"" TIME(minute) "\""
#define HOLE(from, to, n)                                                                                                      \
    A "\"state\":\"hole\",\"from\":\"" TIME(from) "\",\"to\":\"" TIME(to) "\",\"cursor\":\"7-2\",\"missing\":" n "}"
#define ALL_OF_A                                                                                                               \
    A LIVE("00", AT("10")) "," A "\"state\":\"hole\",\"from\":\"" TIME("10") "\",\"to\":\"" TIME(                              \
        "12") "\",\"cursor\":\"7-2\",\"missing\":3,\"first_id\":\"41\"}," A LIVE("12", "null")
#define OF_B     "{\"source\":\"b\"," LIVE("00", "null")
#define OF_D     "{\"source\":\"d\",\"state\":\"unknown\",\"from\":\"" TIME("03") "\",\"to\":null,\"cursor\":\"7-0\"}"
#define OLDEST_A "\"a\":{\"cursor\":\"7-1\",\"time\":\"" TIME("05") "\"}"
#define OLDEST                                                                                                                 \
    OLDEST_A ",\"b\":{\"cursor\":\"7-4\",\"time\":\"" TIME("05") "\"},\"c\":{\"cursor\":\"7-9\",\"time\":\"" TIME("07") "\"}"
#define OK(intervals, oldest) "{\"ok\":true,\"coverage\":[" intervals "],\"oldest\":{" oldest "}"

static const struct {
    const char *request, *answer;
} answers[] = {
    {ASK(""), OK(ALL_OF_A "," OF_B "," OF_D, OLDEST) "}"},
    {ASK(",\"source\":\"a\",\"id\":5"), "{\"ok\":true,\"id\":5,\"coverage\":[" ALL_OF_A "],\"oldest\":{" OLDEST_A "}}"},
    {ASK(",\"source\":\"x\""), OK("", "") "}"},
    {ASK(",\"source\":\"a\",\"after\":\"" TIME("11") "\""),
     OK(HOLE("11", "12", "null") "," A LIVE("12", "null"), OLDEST_A) "}"},
    {ASK(",\"source\":\"a\",\"before\":\"" TIME("02") "\""), OK(A LIVE("00", AT("02")), OLDEST_A) "}"},
    {ASK(",\"source\":\"a\",\"after\":\"" TIME("04") "\",\"before\":\"" TIME("04") "\""), OK("", OLDEST_A) "}"},
    {ASK(",\"source\":\"a\",\"count\":1"), OK(A LIVE("00", AT("10")), OLDEST_A) ",\"next\":\"" TIME("10") " a\"}"},
    {ASK(",\"source\":\"a\",\"count\":1,\"next\":\"" TIME("12") " a\""), OK(A LIVE("12", "null"), OLDEST_A) "}"},
    {ASK(",\"count\":1,\"next\":\"" TIME("12") " a\""), OK(A LIVE("12", "null"), OLDEST) ",\"next\":\"" TIME("00") " b\"}"},
    {ASK(",\"count\":1,\"next\":\"" TIME("00") " c\""), OK(OF_D, OLDEST) "}"},
};

START_TEST(a_question_has_its_answer)
{
    assert_answer(answers[_i].request, answers[_i].answer);
}
END_TEST

static const struct {
    const char *request, *code;
} mistakes[] = {
    {"{\"op\":\"coverage\"}", ERROR_INVALID_REQUEST},
    {"{\"op\":\"coverage\",\"symbol\":\"ETH-USD\"}", ERROR_INVALID_SYMBOL},
    {"{\"op\":\"coverage\",\"symbol\":\"coverage.BTC-USD\"}", ERROR_INVALID_SYMBOL},
    {ASK(",\"next\":\"\""), ERROR_INVALID_CURSOR},
    {ASK(",\"next\":\"7-2\""), ERROR_INVALID_CURSOR},
    {ASK(",\"next\":7"), ERROR_INVALID_CURSOR},
    {ASK(",\"next\":\"yesterday a\""), ERROR_INVALID_CURSOR},
    {ASK(",\"count\":0"), ERROR_INVALID_COUNT},
    {ASK(",\"after\":\"yesterday\""), ERROR_INVALID_TIME},
};

START_TEST(a_mistake_has_its_error)
{
    text_t answer = ask(mistakes[_i].request), code;
    ck_assert(json_plain_string(json_member(json_member(answer, "error"), "code"), &code));
    ck_assert_msg(text_equal(code, text_of(mistakes[_i].code)), "%s\n%.*s", mistakes[_i].request, TEXT_ARG(answer));
}
END_TEST

START_TEST(of_a_source_that_is_silent_nobody_knows_whether_it_is_still_live)
{
    hear("b", ns_of(TIME("20")));
    assert_answer(ASK(",\"source\":\"b\""),
                  OK("{\"source\":\"b\"," LIVE("00", AT("20")) ",{\"source\":\"b\",\"state\":\"unknown\",\"from\":\"" TIME(
                         "20") "\",\"to\":null,\"cursor\":\"7-0\"}",
                     "\"b\":{\"cursor\":\"7-4\",\"time\":\"" TIME("05") "\"}") "}");
}
END_TEST

START_TEST(many_intervals_come_in_pages_that_are_the_whole)
{
    enum { RECORDS = 300 };
    buffer_t whole = buffer_new(0), pages = buffer_new(0);
    char data[200], request[200];
    for (unsigned i = 0; i < RECORDS; i++) {
        snprintf(data, sizeof data,
                 "{\"state\":\"hole\",\"from\":\"2025-11-10T11:%02u:%02u.0Z\",\"to\":\"2025-11-10T11:%02u:%02u.5Z\",\"cursor\":"
                 "\"7-2\",\"missing\":%u}",
                 i / 60, i % 60, i / 60, i % 60, i);
        tell("coverage.BTC-USD.b", 2 + i, data);
    }
    buffer_append(&whole, json_member(ask(ASK(",\"count\":10000")), "coverage"));
    for (text_t next = TEXT("");;) {
        snprintf(request, sizeof request, ASK(",\"count\":7%s%.*s%s"), next.length ? ",\"next\":\"" : "", TEXT_ARG(next),
                 next.length ? "\"" : "");
        text_t answer = ask(request), page = json_member(answer, "coverage");
        buffer_append(&pages, pages.length ? TEXT(",") : TEXT(""));
        buffer_append(&pages, (text_t){page.at + 1, page.length - 2});
        if (!json_plain_string(json_member(answer, "next"), &next))
            break;
    }
    ck_assert(text_equal((text_t){whole.bytes + 1, whole.length - 2}, buffer_text(&pages)));
    buffer_release(&whole);
    buffer_release(&pages);
}
END_TEST

START_TEST(clear_of_a_symbol_forgets_its_coverage)
{
    assert_answer("{\"op\":\"clear\",\"symbol\":\"BTC-USD\",\"token\":\"t\"}", "{\"ok\":true,\"cleared\":4}");
    assert_answer(ASK(""), OK("", "") "}");
}
END_TEST

static const struct {
    const char *source, *start;
    bool complete;
} candles[] = {
    {"a", "05", true},  /* live */
    {"b", "05", true},  /* the same */
    {"", "05", false},  /* d is offered, and nobody knows what it had */
    {"", "02", true},   /* that it says only from 3 on, and a and b are live */
    {"a", "11", false}, /* a hole */
    {"c", "07", false}, /* says nothing */
    {"e", "02", false}, /* does not begin before */
};

START_TEST(a_candle_says_whether_it_is_complete)
{
    char request[200], expected[64];
    trade("trade.BTC-USD.a", 3, TIME("02"));
    trade("trade.BTC-USD.a", 4, TIME("11"));
    if (candles[_i].source[0] == 'e') {
        trade("trade.BTC-USD.e", 1, TIME("02"));
        tell("coverage.BTC-USD.e", 1, "{\"state\":\"live\",\"from\":\"2025-11-10T10:02:01Z\",\"cursor\":\"7-0\"}");
    }
    snprintf(request, sizeof request, "{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":\"1m\"%s%s%s}",
             candles[_i].source[0] ? ",\"source\":\"" : "", candles[_i].source, candles[_i].source[0] ? "\"" : "");
    snprintf(expected, sizeof expected, "2025-11-10T10:%s:00Z", candles[_i].start);
    text_t start = TEXT("");
    json_walk_t walk = json_walk(json_member(ask(request), "candles"));
    while (!text_equal(start, text_of(expected)) && json_next(&walk))
        json_plain_string(json_member(walk.value, "start"), &start);
    ck_assert_msg(text_equal(start, text_of(expected)), "%s: no candle: %.*s", request, TEXT_ARG(buffer_text(&answered)));
    ck_assert_msg(json_kind(json_member(walk.value, "complete")) == (candles[_i].complete ? JSON_TRUE : JSON_FALSE), "%s %s",
                  request, expected);
}
END_TEST

START_TEST(a_source_that_left_does_not_make_every_candle_incomplete)
{
    catalog_offer(catalog, &(status_t){.event = STATUS_WITHDRAWN, .source = TEXT("d"), .symbols = TEXT("{}")});
    text_t answer = ask("{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":\"1m\",\"before\":\"" TIME("06") "\"}");
    ck_assert_ptr_nonnull(memmem(answer.at, answer.length, "\"complete\":true", 15));
}
END_TEST

START_TEST(a_candle_is_complete_only_when_its_end_was_heard)
{
    hear("b", ns_of(TIME("05")) + 30 * INT64_C(1000000000));
    static const char request[] = "{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":\"1m\",\"source\":\"b\"}";
    text_t answer = ask(request);
    ck_assert_ptr_nonnull(memmem(answer.at, answer.length, "\"complete\":false", 16));
    hear("b", ns_of(TIME("06")));
    answer = ask(request);
    ck_assert_ptr_nonnull(memmem(answer.at, answer.length, "\"complete\":true", 15));
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof *(table))

int main(void)
{
    TCase *tests = tcase_create("answer_coverage");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_question_has_its_answer, 0, COUNT(answers));
    tcase_add_loop_test(tests, a_mistake_has_its_error, 0, COUNT(mistakes));
    tcase_add_test(tests, of_a_source_that_is_silent_nobody_knows_whether_it_is_still_live);
    tcase_add_test(tests, many_intervals_come_in_pages_that_are_the_whole);
    tcase_add_test(tests, clear_of_a_symbol_forgets_its_coverage);
    tcase_add_loop_test(tests, a_candle_says_whether_it_is_complete, 0, COUNT(candles));
    tcase_add_test(tests, a_source_that_left_does_not_make_every_candle_incomplete);
    tcase_add_test(tests, a_candle_is_complete_only_when_its_end_was_heard);
    return RUN_TESTS("answer_coverage", tests);
}
