#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cached/answers/history.h"
#include "common/curve/rights.h"
#include "common/timestamp.h"
#include "proto/request.h"
#include "tests/unit/run_tests.h"

/* Trades are short here: {"a":SEQ} of source a, {"b":SEQ} of source b. One second lies between two of a stream, and b's come half a
 * second behind a's: a1 is of 10:00:01, b1 of 10:00:01.5. */
static catalog_t *catalog;
static history_t *history;
static buffer_t answered;

static int64_t time_of(const char *text)
{
    int64_t ns;
    ck_assert(timestamp_parse(text_of(text), &ns));
    return ns;
}

static void append(char source, uint64_t from, uint64_t to)
{
    char topic[] = "trade.BTC-USD.x", json[32];
    topic[sizeof topic - 2] = source;
    memory_log_t *memory_log = catalog_memory_log(catalog, text_of(topic));
    ck_assert_ptr_nonnull(memory_log);
    for (uint64_t seq = from; seq <= to; seq++) {
        int length = snprintf(json, sizeof json, "{\"%c\":%llu}", source, (unsigned long long)seq);
        int64_t ns = time_of("2025-11-10T10:00:00Z") + (int64_t)seq * 1000000000 + (source == 'b' ? 500000000 : 0);
        ck_assert(memory_log_append(memory_log, &(memory_log_trade_t){{7, seq}, ns, {json, (size_t)length}}));
    }
}

static void on_answer(void *arg, text_t peer, text_t answer)
{
    (void)arg;
    ck_assert(text_equal(peer, TEXT("peer")));
    buffer_clear(&answered);
    buffer_append(&answered, answer);
}

/* Of a history without a store: all answers come at once. */
static text_t ask(text_t request)
{
    buffer_clear(&answered);
    history_handle(history, TEXT("peer"), TEXT(RIGHTS_ALL), request);
    return buffer_text(&answered);
}

static void setup_with_token(const char *token)
{
    catalog = catalog_new(1000);
    history = history_new(&(history_config_t){.catalog = catalog, .token = token, .on_answer = on_answer});
    answered = buffer_new(0);
    ck_assert_ptr_nonnull(history);
    append('a', 1, 4);
    append('b', 1, 2);
    catalog_offer(catalog, &(status_t){.source = TEXT("a"), .symbols = TEXT("{\"BTC-USD\":4,\"ETH-USD\":0}")});
}

static void setup(void)
{
    setup_with_token("");
}

static void setup_token(void)
{
    setup_with_token("let \"me\" in");
}

static void teardown(void)
{
    history_destroy(&history);
    catalog_destroy(&catalog);
    buffer_release(&answered);
}

static void assert_answer(const char *request, const char *expected)
{
    text_t answer = ask(text_of(request));
    ck_assert_msg(text_equal(answer, text_of(expected)), "%s\nexpected %s\nfound    %.*s", request, expected, TEXT_ARG(answer));
}

static void assert_error(const char *request, const char *code)
{
    char expected[64];
    int length = snprintf(expected, sizeof expected, "{\"ok\":false,\"error\":{\"code\":\"%s\",", code);
    text_t answer = ask(text_of(request));
    ck_assert_msg(text_starts_with(answer, (text_t){expected, (size_t)length}), "%s\nexpected %s\nfound    %.*s", request,
                  expected, TEXT_ARG(answer));
}

static const struct {
    const char *request, *answer;
} answers[] = {
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\"}",
     "{\"ok\":true,\"trades\":[{\"a\":4},{\"a\":3},{\"b\":2},{\"a\":2},{\"b\":1},{\"a\":1}]}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":2,\"id\":9}",
     "{\"ok\":true,\"id\":9,\"trades\":[{\"a\":4},{\"a\":3}],\"next\":{\"a\":\"7-2\",\"b\":\"7-2\"}}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":4,\"upto\":{\"a\":\"7-2\",\"b\":\"7-2\"}}",
     "{\"ok\":true,\"trades\":[{\"b\":2},{\"a\":2},{\"b\":1},{\"a\":1}]}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":1,\"source\":\"b\"}",
     "{\"ok\":true,\"trades\":[{\"b\":2}],\"next\":{\"b\":\"7-1\"}}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"source\":\"c\"}", "{\"ok\":true,\"trades\":[]}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"upto\":{\"a\":\"7-18446744073709551615\"},\"count\":9}",
     "{\"ok\":true,\"trades\":[{\"a\":4},{\"a\":3},{\"a\":2},{\"a\":1}]}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"after\":\"2025-11-10T10:00:01Z\",\"before\":\"2025-11-10T10:00:03Z\"}",
     "{\"ok\":true,\"trades\":[{\"b\":2},{\"a\":2},{\"b\":1}]}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"before\":\"2025-11-10T10:00:02Z\"}",
     "{\"ok\":true,\"trades\":[{\"b\":1},{\"a\":1}]}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"before\":\"2025-11-10T11:00:02.5+01:00\",\"count\":1}",
     "{\"ok\":true,\"trades\":[{\"a\":2}],\"next\":{\"a\":\"7-1\",\"b\":\"7-1\"}}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"upto\":{\"a\":\"7-2\",\"b\":\"7-9\"},\"count\":3}",
     "{\"ok\":true,\"trades\":[{\"b\":2},{\"a\":2},{\"b\":1}],\"next\":{\"a\":\"7-1\"}}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"upto\":{\"a\":\"7-3\"}}",
     "{\"ok\":true,\"trades\":[{\"a\":3},{\"a\":2},{\"a\":1}]}"},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"upto\":{}}", "{\"ok\":true,\"trades\":[]}"},
    {"{\"op\":\"recent\",\"symbol\":\"ETH-USD\"}", "{\"ok\":true,\"trades\":[]}"},
    {"{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"after\":\"2025-11-10T10:00:02Z\"}",
     "{\"ok\":true,\"trades\":[{\"b\":2},{\"a\":3},{\"a\":4}]}"},
    {"{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"after\":\"2025-11-10T10:00:00Z\",\"count\":1}",
     "{\"ok\":true,\"trades\":[{\"a\":1}],\"next\":{\"a\":\"7-2\",\"b\":\"7-1\"}}"},
    {"{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"count\":4,\"from\":{\"a\":\"7-3\",\"b\":\"7-2\"}}",
     "{\"ok\":true,\"trades\":[{\"b\":2},{\"a\":3},{\"a\":4}]}"},
    {"{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"count\":3,\"from\":{\"a\":\"7-4\"}}",
     "{\"ok\":true,\"trades\":[{\"b\":1},{\"b\":2},{\"a\":4}]}"},
    {"{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"after\":\"2025-11-10T10:00:01Z\",\"before\":\"2025-11-10T10:00:03Z\","
     "\"source\":\"a\"}",
     "{\"ok\":true,\"trades\":[{\"a\":2}]}"},
    {"{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"after\":\"2026-01-01T00:00:00Z\"}", "{\"ok\":true,\"trades\":[]}"},
    {"{\"op\":\"range\",\"topic\":\"trade.BTC-USD.a\",\"from\":\"7-2\",\"to\":\"7-3\"}",
     "{\"ok\":true,\"trades\":[{\"a\":2},{\"a\":3}],\"missing\":0}"},
    {"{\"op\":\"range\",\"topic\":\"trade.BTC-USD.b\",\"count\":1,\"id\":0}",
     "{\"ok\":true,\"id\":0,\"trades\":[{\"b\":1}],\"missing\":0,\"next\":\"7-2\"}"},
    {"{\"op\":\"range\",\"topic\":\"trade.ETH-USD.a\",\"from\":\"7-1\"}", "{\"ok\":true,\"trades\":[],\"missing\":0}"},
    {"{\"op\":\"symbols\"}", "{\"ok\":true,\"symbols\":[\"BTC-USD\",\"ETH-USD\"]}"},
    {"{\"op\":\"symbols\",\"later\":{\"a\":[1]}}", "{\"ok\":true,\"symbols\":[\"BTC-USD\",\"ETH-USD\"]}"},
    {"{\"op\":\"stats\",\"symbol\":\"ETH-USD\"}", "{\"ok\":true,\"stats\":[]}"},
    {"{\"op\":\"recent\",\"symbol\":\"XRP-USD\",\"id\":1}",
     "{\"ok\":false,\"id\":1,\"error\":{\"code\":\"invalid_symbol\",\"message\":\"Invalid symbol: XRP-USD\"}}"},
    {"{\"op\":\"range\",\"topic\":\"trade.ETH-USD.b\"}",
     "{\"ok\":false,\"error\":{\"code\":\"invalid_topic\",\"message\":\"Invalid topic: trade.ETH-USD.b\"}}"},
    {"{\"op\":\"clear\",\"token\":\"\"}",
     "{\"ok\":false,\"error\":{\"code\":\"forbidden\",\"message\":\"clear is disabled: cached.token is not set\"}}"},
};

START_TEST(a_request_has_its_answer)
{
    assert_answer(answers[_i].request, answers[_i].answer);
}
END_TEST

static const struct {
    const char *request, *code;
} errors[] = {
    {"", ERROR_INVALID_JSON},
    {"{\"op\":\"recent\"", ERROR_INVALID_JSON},
    {"\xff\xfe", ERROR_INVALID_JSON},
    {"[]", ERROR_INVALID_REQUEST},
    {"{}", ERROR_INVALID_REQUEST},
    {"{\"op\":7}", ERROR_INVALID_REQUEST},
    {"{\"op\":\"recent\"}", ERROR_INVALID_REQUEST},
    {"{\"op\":\"since\"}", ERROR_INVALID_REQUEST},
    {"{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"from\":\"7-2\"}", ERROR_INVALID_CURSOR},
    {"{\"op\":\"range\",\"topic\":\"trade.BTC-USD.a\",\"from\":{\"a\":\"7-2\"}}", ERROR_INVALID_CURSOR},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"source\":\"two words\"}", ERROR_INVALID_REQUEST},
    {"{\"op\":\"range\"}", ERROR_INVALID_REQUEST},
    {"{\"op\":\"streams\"}", ERROR_UNKNOWN_OP},
    {"{\"op\":\"drop everything\"}", ERROR_UNKNOWN_OP},
    {"{\"op\":\"recent\",\"symbol\":\"btc\"}", ERROR_INVALID_SYMBOL},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"upto\":\"7-2\"}", ERROR_INVALID_CURSOR},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"upto\":{\"a\":2}}", ERROR_INVALID_CURSOR},
    {"{\"op\":\"since\",\"symbol\":\"XRP-USD\",\"after\":\"2025-11-10T10:00:00Z\"}", ERROR_INVALID_SYMBOL},
    {"{\"op\":\"stats\",\"symbol\":\"XRP-USD\"}", ERROR_INVALID_SYMBOL},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":0}", ERROR_INVALID_COUNT},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":10001}", ERROR_INVALID_COUNT},
    {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"before\":\"noon\"}", ERROR_INVALID_TIME},
    {"{\"op\":\"range\",\"topic\":\"trade.BTC-USD.a\",\"from\":\"7\"}", ERROR_INVALID_CURSOR},
};

START_TEST(a_bad_request_has_its_error)
{
    assert_error(errors[_i].request, errors[_i].code);
    ck_assert_uint_eq(history_counts(history)->errors, 1);
    assert_answer("{\"op\":\"recent\",\"symbol\":\"ETH-USD\"}", "{\"ok\":true,\"trades\":[]}");
    ck_assert_uint_eq(history_counts(history)->answers, 2);
    ck_assert_uint_eq(history_counts(history)->errors, 1);
}
END_TEST

START_TEST(answers_are_counted_by_what_was_asked)
{
    static const char *const asked[] = {"{\"op\":\"recent\",\"symbol\":\"BTC-USD\"}",
                                        "{\"op\":\"recent\",\"symbol\":\"XRP-USD\"}",
                                        "{\"op\":\"symbols\"}",
                                        "{\"op\":\"nope\"}",
                                        "junk",
                                        ""};
    uint64_t bytes = 0, noted = 0, count;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        bytes += ask(text_of(asked[i])).length;
    const char *operation;
    for (size_t i = 0; history_asked(history, i, &operation, &count); i++)
        ck_assert_uint_eq(count, strcmp(operation, "recent") == 0    ? 2
                                 : strcmp(operation, "symbols") == 0 ? 1
                                 : strcmp(operation, "unknown") == 0 ? 3
                                                                     : 0);
    const history_counts_t *counts = history_counts(history);
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
        noted += counts->time.counts[i];
    ck_assert_uint_eq(noted, 6);
    ck_assert_uint_eq(counts->answers, 6);
    ck_assert_uint_eq(counts->errors, 4);
    ck_assert_uint_eq(counts->bytes, bytes);
}
END_TEST

START_TEST(stats_tell_of_each_stream)
{
    char expected[1000];
    snprintf(expected, sizeof expected,
             "{\"ok\":true,\"stats\":[{\"topic\":\"trade.BTC-USD.a\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"trades\":4,"
             "\"first\":\"7-1\",\"firstTimestamp\":\"2025-11-10T10:00:01.000000000Z\",\"last\":\"7-4\","
             "\"lastTimestamp\":\"2025-11-10T10:00:04.000000000Z\",\"bytes\":%zu,\"duplicates\":0,"
             "\"gaps\":{\"seen\":0,\"repaired\":0,\"lost\":0}},{\"topic\":\"trade.BTC-USD.b\",",
             memory_log_bytes(catalog_find(catalog, TEXT("trade.BTC-USD.a"))));
    text_t answer = ask(TEXT("{\"op\":\"stats\"}"));
    ck_assert_msg(text_starts_with(answer, text_of(expected)), "expected %s\nfound %.*s", expected, TEXT_ARG(answer));
    text_t one = ask(TEXT("{\"op\":\"stats\",\"symbol\":\"BTC-USD\"}"));
    ck_assert(text_starts_with(one, text_of(expected)));
}
END_TEST

static const char *const wrong_tokens[] = {
    "",
    ",\"token\":\"\"",
    ",\"token\":\"let\"",
    ",\"token\":\"let \\\"me\\\" in and more\"",
    ",\"token\":\"let \\\"me\\\" iN\"",
    ",\"token\":\"let \\\"me\\\" inlet \\\"me\\\" in\"",
};

START_TEST(clear_with_a_wrong_token_is_forbidden)
{
    char request[200];
    snprintf(request, sizeof request, "{\"op\":\"clear\"%s}", wrong_tokens[_i]);
    assert_error(request, ERROR_FORBIDDEN);
    ck_assert_uint_eq(catalog_trades(catalog), 6);
}
END_TEST

START_TEST(clear_forgets_and_history_begins_anew)
{
    assert_answer("{\"op\":\"clear\",\"token\":\"let \\\"me\\\" in\",\"id\":3}", "{\"ok\":true,\"id\":3,\"cleared\":6}");
    assert_answer("{\"op\":\"recent\",\"symbol\":\"BTC-USD\"}", "{\"ok\":true,\"trades\":[]}");
    append('a', 5, 5);
    assert_answer("{\"op\":\"recent\",\"symbol\":\"BTC-USD\"}", "{\"ok\":true,\"trades\":[{\"a\":5}]}");
}
END_TEST

START_TEST(clear_of_one_symbol_leaves_the_others)
{
    ck_assert(
        memory_log_append(catalog_memory_log(catalog, TEXT("trade.ETH-USD.a")), &(memory_log_trade_t){{7, 1}, 0, TEXT("{}")}));
    assert_answer("{\"op\":\"clear\",\"symbol\":\"BTC-USD\",\"token\":\"let \\\"me\\\" in\"}", "{\"ok\":true,\"cleared\":6}");
    assert_answer("{\"op\":\"recent\",\"symbol\":\"ETH-USD\"}", "{\"ok\":true,\"trades\":[{}]}");
    assert_error("{\"op\":\"clear\",\"symbol\":\"XRP-USD\",\"token\":\"let \\\"me\\\" in\"}", ERROR_INVALID_SYMBOL);
}
END_TEST

/* 1,000 trades of 16 KiB are 16 MiB. */
START_TEST(an_answer_stays_within_its_bound)
{
    static char json[MEMORY_LOG_TEXT_MAX];
    memset(json, '7', sizeof json);
    memory_log_t *memory_log = catalog_memory_log(catalog, TEXT("trade.ETH-USD.a"));
    for (uint64_t seq = 1; seq <= 1000; seq++)
        ck_assert(memory_log_append(memory_log, &(memory_log_trade_t){{7, seq}, 0, {json, sizeof json}}));
    text_t range = ask(TEXT("{\"op\":\"range\",\"topic\":\"trade.ETH-USD.a\",\"count\":1000}"));
    range_answer_t page;
    ck_assert_uint_le(range.length, HISTORY_ANSWER_MAX);
    ck_assert(range_answer_parse(range, &page) && page.has_next);
    ck_assert_uint_eq(page.next.seq, 512); /* 511 fit beside the rest */
    text_t recent = ask(TEXT("{\"op\":\"recent\",\"symbol\":\"ETH-USD\",\"count\":1000}"));
    ck_assert_uint_le(recent.length, HISTORY_ANSWER_MAX);
    ck_assert_uint_ge(recent.length, HISTORY_ANSWER_MAX - 2 * sizeof json);
}
END_TEST

static bool as_told(const void *arg)
{
    return *(const bool *)arg;
}

START_TEST(ready_says_whether_all_has_been_read_in)
{
    bool ready = false;
    history_on_ready(history, as_told, &ready);
    assert_answer("{\"op\":\"ready\",\"id\":4}", "{\"ok\":true,\"id\":4,\"ready\":false}");
    ready = true;
    assert_answer("{\"op\":\"ready\"}", "{\"ok\":true,\"ready\":true}");
}
END_TEST

int main(void)
{
    TCase *open = tcase_create("answers"), *guarded = tcase_create("clear");
    tcase_add_checked_fixture(open, setup, teardown);
    tcase_add_loop_test(open, a_request_has_its_answer, 0, sizeof answers / sizeof *answers);
    tcase_add_loop_test(open, a_bad_request_has_its_error, 0, sizeof errors / sizeof *errors);
    tcase_add_test(open, answers_are_counted_by_what_was_asked);
    tcase_add_test(open, stats_tell_of_each_stream);
    tcase_add_test(open, ready_says_whether_all_has_been_read_in);
    tcase_add_test(open, an_answer_stays_within_its_bound);
    tcase_add_checked_fixture(guarded, setup_token, teardown);
    tcase_add_loop_test(guarded, clear_with_a_wrong_token_is_forbidden, 0, sizeof wrong_tokens / sizeof *wrong_tokens);
    tcase_add_test(guarded, clear_forgets_and_history_begins_anew);
    tcase_add_test(guarded, clear_of_one_symbol_leaves_the_others);
    return RUN_TESTS("history", open, guarded);
}
