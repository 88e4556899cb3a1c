#include <stdlib.h>

#include "cached/answers/answer_candles.h"
#include "cached/archive/rebuild.h"
#include "proto/trade.h"
#include "tests/unit/fake_store.h"
#include "tests/unit/run_tests.h"

/* The fake's trades are all of one second. What is in the store and in memory is told by seq. */
#define TOPIC TEXT("trade.BTC-USD.test")
#define OTHER TEXT("trade.ETH-USD.test")

static loop_t *loop;
static loop_timer_t *waker;
static catalog_t *catalog;
static rebuild_t *rebuild;

static void on_wake(void *arg)
{
    (void)arg;
    loop_stop(loop); /* so that UNTIL looks again */
}

#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    loop_run(loop)

static void setup(void)
{
    memset(&fake, 0, sizeof fake);
    loop = loop_new();
    waker = loop_timer_new(loop, on_wake, NULL);
    catalog = catalog_new(100);
    rebuild = rebuild_new(loop, &fake_kind, "fake:", catalog, TRADE_FUTURE_NS);
    ck_assert(waker && catalog && rebuild);
    loop_timer_start(waker, 1, 1);
}

static void teardown(void)
{
    rebuild_destroy(&rebuild);
    catalog_destroy(&catalog);
    loop_timer_destroy(&waker);
    loop_destroy(&loop);
}

static void store(text_t topic, uint64_t from, uint64_t to)
{
    fake_stream_t *stream = fake_stream(topic);
    for (uint64_t seq = from; seq <= to; seq++)
        stream->trades[stream->count++] = stream->place = (cursor_t){7, seq};
}

/* In memory, as cached keeps them. */
static void remember(text_t topic, uint64_t from, uint64_t to)
{
    memory_log_t *memory_log = catalog_memory_log(catalog, topic);
    for (uint64_t seq = from; seq <= to; seq++) {
        candle_place_t place = {1762795473937345000, {7, seq}};
        ck_assert(memory_log_append(memory_log, &(memory_log_trade_t){place.cursor, place.timestamp_ns, TEXT("{}")}));
        ck_assert(candles_add(memory_log_candles(memory_log), place, TEXT("1.50"), TEXT("0.5")));
    }
}

static candles_t *candles_of(text_t topic)
{
    return memory_log_candles(catalog_find(catalog, topic));
}

static bool lacks(text_t topic)
{
    return rebuild_lacks(rebuild, candles_of(topic));
}

static void assert_counts(text_t topic, uint64_t expected)
{
    for (interval_t i = INTERVAL_1S; i < INTERVALS; i++) {
        const candle_series_t *series = candles_series(candles_of(topic), i);
        ck_assert_uint_eq(series->count, expected > 0);
        if (expected > 0)
            ck_assert_uint_eq(candle_series_at(series, 0)->count, expected);
    }
}

START_TEST(candles_have_what_is_stored_and_what_memory_has_and_nothing_twice)
{
    static const struct {
        uint64_t stored, first, last;
    } cases[] = {{25000, 24901, 25000}, {20000, 19950, 20050}, {100, 1, 100}, {10000, 10001, 10002}, {10001, 10001, 10002}};
    store(TOPIC, 1, cases[_i].stored);
    remember(TOPIC, cases[_i].first, cases[_i].last);
    ck_assert(lacks(TOPIC));
    rebuild_start(rebuild);
    rebuild_start(rebuild);
    UNTIL(!lacks(TOPIC));
    assert_counts(TOPIC, cases[_i].last);
}
END_TEST

START_TEST(each_stream_gets_its_own)
{
    store(TOPIC, 1, 12000);
    store(OTHER, 1, 30);
    store(TEXT("trade.XRP-USD.test"), 1, 5);
    remember(TOPIC, 11990, 12000);
    remember(OTHER, 21, 30);
    memory_log_skip(catalog_memory_log(catalog, TEXT("trade.XRP-USD.test")), (cursor_t){7, 5}); /* filled with nothing */
    remember(TEXT("trade.ADA-USD.test"), 1, 2);                                                 /* not stored */
    rebuild_start(rebuild);
    UNTIL(!lacks(TOPIC) && !lacks(OTHER) && !lacks(TEXT("trade.XRP-USD.test")));
    ck_assert(!lacks(TEXT("trade.ADA-USD.test")));
    assert_counts(TOPIC, 12000);
    assert_counts(OTHER, 30);
    assert_counts(TEXT("trade.XRP-USD.test"), 5);
    assert_counts(TEXT("trade.ADA-USD.test"), 2);
}
END_TEST

START_TEST(trades_that_come_meanwhile_are_counted_once)
{
    uint64_t last = 20000;
    store(TOPIC, 1, 25000); /* those that come are in the store already: another cached is quicker */
    remember(TOPIC, 19990, 20000);
    rebuild_start(rebuild);
    while (lacks(TOPIC)) {
        remember(TOPIC, last + 1, last + 1);
        last++;
        loop_run(loop);
    }
    assert_counts(TOPIC, last);
}
END_TEST

START_TEST(what_is_cleared_meanwhile_stays_so)
{
    uint64_t none = fake.opens;
    store(TOPIC, 1, 30000);
    store(OTHER, 1, 30);
    remember(TOPIC, 29990, 30000);
    remember(OTHER, 30, 30);
    rebuild_start(rebuild);
    UNTIL(candles_older_to_come(candles_of(TOPIC)));
    ck_assert_uint_gt(fake.opens, none);
    memory_log_clear(catalog_find(catalog, TOPIC));
    UNTIL(!lacks(OTHER));
    assert_counts(OTHER, 30);
    assert_counts(TOPIC, 0);
    remember(TOPIC, 30001, 30002);
    assert_counts(TOPIC, 2);
}
END_TEST

START_TEST(what_is_cleared_before_it_is_known_what_is_stored_stays_so)
{
    store(TOPIC, 1, 30);
    store(OTHER, 1, 30);
    remember(TOPIC, 30, 30);
    remember(OTHER, 30, 30);
    rebuild_start(rebuild);
    memory_log_clear(catalog_find(catalog, TOPIC));
    UNTIL(!lacks(OTHER));
    ck_assert(!lacks(TOPIC));
    assert_counts(TOPIC, 0);
}
END_TEST

START_TEST(a_store_that_fails_is_tried_again_and_goes_on_where_it_was)
{
    store(TOPIC, 1, 25000);
    remember(TOPIC, 24990, 25000);
    fake.reads = _i == 0 ? STORE_AWAY : STORE_REFUSED;
    rebuild_start(rebuild);
    UNTIL(fake.opens > 0);
    ck_assert(lacks(TOPIC));
    fake.reads = STORE_OK;
    UNTIL(candles_older_to_come(candles_of(TOPIC)));
    fake.reads = STORE_AWAY;
    for (int opens = fake.opens; lacks(TOPIC) && fake.opens == opens;) /* it may have been done already */
        loop_run(loop);
    fake.reads = STORE_OK;
    UNTIL(!lacks(TOPIC));
    assert_counts(TOPIC, 25000);
}
END_TEST

/* The store was away at the start, and memory has nothing of the stream yet: where its candles begin shows when a trade comes. */
START_TEST(a_stream_waits_until_its_candles_begin)
{
    store(TOPIC, 1, 50);
    store(OTHER, 1, 7);
    remember(OTHER, 7, 8);
    rebuild_start(rebuild);
    UNTIL(!lacks(OTHER));
    ck_assert(lacks(TOPIC));
    remember(TOPIC, 41, 60); /* from the journal */
    UNTIL(!lacks(TOPIC));
    assert_counts(TOPIC, 60);
    assert_counts(OTHER, 8);
}
END_TEST

START_TEST(until_it_is_done_the_answer_is_incomplete)
{
    static const char whole[] =
        "{\"ok\":true,\"interval\":\"1d\",\"candles\":[{\"start\":\"2025-11-10T00:00:00Z\",\"open\":1.50,"
        "\"high\":1.50,\"low\":1.50,\"close\":1.50,\"volume\":4.0,\"count\":8,\"vwap\":1.5,\"complete\":false}]}";
    static const char incomplete[] = "\"count\":2,\"vwap\":1.5,\"complete\":false}],\"incomplete\":true}";
    buffer_t answer = buffer_new(0);
    request_t request;
    catalog_symbol_t found;
    store(TOPIC, 1, 7);
    remember(TOPIC, 7, 8);
    ck_assert(request_parse(TEXT("{\"op\":\"candles\",\"symbol\":\"BTC-USD\",\"interval\":\"1d\"}"), &request, &answer));
    ck_assert(catalog_symbol(catalog, request.symbol, &found));
    answer_candles(&request, &found, &(candle_facts_t){.catalog = catalog, .rebuild = rebuild}, &answer);
    ck_assert_ptr_nonnull(memmem(answer.bytes, answer.length, incomplete, strlen(incomplete)));
    rebuild_start(rebuild);
    UNTIL(!lacks(TOPIC));
    answer_candles(&request, &found, &(candle_facts_t){.catalog = catalog, .rebuild = rebuild}, &answer);
    ck_assert_msg(text_equal(buffer_text(&answer), text_of(whole)), "%.*s", TEXT_ARG(buffer_text(&answer)));
    buffer_release(&answer);
}
END_TEST

START_TEST(destroyed_at_work_it_does_nothing_any_more)
{
    store(TOPIC, 1, 25000);
    remember(TOPIC, 24990, 25000);
    rebuild_start(rebuild);
    if (_i == 1)
        UNTIL(candles_older_to_come(candles_of(TOPIC)));
    rebuild_destroy(&rebuild);
    assert_counts(TOPIC, 11);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("rebuild");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, candles_have_what_is_stored_and_what_memory_has_and_nothing_twice, 0, 5);
    tcase_add_test(tcase, each_stream_gets_its_own);
    tcase_add_test(tcase, trades_that_come_meanwhile_are_counted_once);
    tcase_add_test(tcase, what_is_cleared_meanwhile_stays_so);
    tcase_add_test(tcase, what_is_cleared_before_it_is_known_what_is_stored_stays_so);
    tcase_add_loop_test(tcase, a_store_that_fails_is_tried_again_and_goes_on_where_it_was, 0, 2);
    tcase_add_test(tcase, a_stream_waits_until_its_candles_begin);
    tcase_add_test(tcase, until_it_is_done_the_answer_is_incomplete);
    tcase_add_loop_test(tcase, destroyed_at_work_it_does_nothing_any_more, 0, 2);
    return RUN_TESTS("rebuild", tcase);
}
