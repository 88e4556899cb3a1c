/* Recent trades of one and of two streams, from rings and history. */
#include "gatewayd/streams/snapshot.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/json/json.h"
#include "proto/trade.h"
#include "tests/unit/run_tests.h"

static ring_t *ring_a, *ring_b;
static buffer_t history, out;
static snapshot_t snapshot;

/* Trades of source a have their seq as the second, those of b a half more. */
static size_t print(char json[static TRADE_MAX], const char *source, uint64_t seq, unsigned second)
{
    char timestamp[40];
    snprintf(timestamp, sizeof timestamp, "2025-11-10T17:00:%02u.%cZ", second, source[0] == 'a' ? '0' : '5');
    trade_t trade = {.cursor = {7, seq},
                     .symbol = TEXT("BTC-USD"),
                     .timestamp = text_of(timestamp),
                     .qty = TEXT("1"),
                     .price = TEXT("1"),
                     .id = TEXT("1"),
                     .source = text_of(source),
                     .received_ns = INT64_C(1762797600000000000)};
    return trade_print(json, &trade);
}

static void in_ring(ring_t *ring, const char *source, uint64_t from, uint64_t to)
{
    char json[TRADE_MAX];
    for (uint64_t seq = from; seq <= to; seq++) {
        size_t length = print(json, source, seq, (unsigned)seq);
        ring_append_trade(ring, (cursor_t){7, seq}, (text_t){json, length});
    }
}

static void in_history(const char *source, uint64_t seq)
{
    char json[TRADE_MAX];
    if (history.length > 1)
        history.bytes[history.length - 1] = ',';
    else
        buffer_append(&history, TEXT("["));
    buffer_append(&history, (text_t){json, print(json, source, seq, (unsigned)seq)});
    buffer_append(&history, TEXT("]"));
}

static void setup(void)
{
    ring_a = ring_new(RING_BYTES_MIN, (cursor_t){7, 10});
    ring_b = ring_new(RING_BYTES_MIN, (cursor_t){7, 10});
    history = buffer_new(0);
    out = buffer_new(0);
    snapshot = (snapshot_t){.streams = {{TEXT("a"), ring_a, {7, 10}}, {TEXT("b"), ring_b, {7, 10}}},
                            .count = 1,
                            .all = true,
                            .after_ns = INT64_MIN};
}

static void teardown(void)
{
    ring_destroy(&ring_a);
    ring_destroy(&ring_b);
    buffer_release(&history);
    buffer_release(&out);
}

/* The snapshot as "a12 b11 a11": sources and seqs. */
static void assert_snapshot(uint64_t count, const char *expected)
{
    char found[512] = "";
    size_t used = 0;
    buffer_clear(&out);
    snapshot_print(&snapshot, buffer_text(&history), count, &out);
    for (json_walk_t walk = json_walk(buffer_text(&out)); json_next(&walk);) {
        trade_t trade;
        ck_assert(trade_parse(walk.value, &trade));
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.*s%llu", used ? " " : "", TEXT_ARG(trade.source),
                                 (unsigned long long)trade.cursor.seq);
    }
    ck_assert_str_eq(found, expected);
}

START_TEST(the_ring_comes_first_and_history_before_it)
{
    in_ring(ring_a, "a", 11, 13);
    snapshot.streams[0].start.seq = 13;
    for (uint64_t seq = 12; seq >= 7; seq--)
        in_history("a", seq);
    assert_snapshot(5, "a13 a12 a11 a10 a9");
    assert_snapshot(2, "a13 a12");
    assert_snapshot(100, "a13 a12 a11 a10 a9 a8 a7");
}
END_TEST

START_TEST(what_is_behind_the_start_is_left_out)
{
    in_ring(ring_a, "a", 11, 13);
    snapshot.streams[0].start.seq = 11;
    in_history("a", 12);
    in_history("a", 10);
    assert_snapshot(5, "a11 a10");
    snapshot.streams[0].start.seq = 9;
    assert_snapshot(5, "");
}
END_TEST

START_TEST(two_streams_are_merged_by_time)
{
    in_ring(ring_a, "a", 11, 12);
    in_ring(ring_b, "b", 11, 13);
    snapshot.count = 2;
    snapshot.streams[0].start.seq = 12;
    snapshot.streams[1].start.seq = 13;
    in_history("b", 10);
    in_history("a", 10);
    in_history("b", 9);
    assert_snapshot(8, "b13 b12 a12 b11 a11 b10 a10 b9");
}
END_TEST

START_TEST(within_a_stream_the_order_is_that_of_the_cursors)
{
    char json[TRADE_MAX];
    size_t length = print(json, "a", 11, 1); /* older by its timestamp than what history has before it */
    ring_append_trade(ring_a, (cursor_t){7, 11}, (text_t){json, length});
    snapshot.streams[0].start.seq = 11;
    in_history("a", 10);
    assert_snapshot(2, "a11 a10");
}
END_TEST

START_TEST(trades_of_a_source_that_is_gone_belong_to_all_only)
{
    in_history("gone", 10);
    in_history("a", 9);
    assert_snapshot(2, "gone10 a9");
    snapshot.all = false;
    assert_snapshot(2, "a9");
}
END_TEST

START_TEST(history_is_needed_where_the_ring_has_too_few)
{
    in_ring(ring_a, "a", 11, 13);
    snapshot.streams[0].start.seq = 13;
    ck_assert(!snapshot_needs_history(&snapshot, 3));
    ck_assert(snapshot_needs_history(&snapshot, 4));
    snapshot.streams[0] = (snapshot_stream_t){TEXT("a"), NULL, {7, 0}};
    ck_assert(!snapshot_needs_history(&snapshot, 4)); /* there is nothing before the first trade */
}
END_TEST

START_TEST(history_lags_when_it_ends_before_the_ring_begins)
{
    in_history("a", 9);
    ck_assert(snapshot_history_lags(&snapshot, buffer_text(&history), 2));
    ck_assert(snapshot_history_lags(&snapshot, TEXT("[]"), 2));
    buffer_clear(&history);
    in_history("a", 10);
    in_history("a", 9);
    ck_assert(!snapshot_history_lags(&snapshot, buffer_text(&history), 2));
    snapshot.count = 2; /* b's may be older than both */
    ck_assert(!snapshot_history_lags(&snapshot, buffer_text(&history), 2));
    ck_assert(snapshot_history_lags(&snapshot, buffer_text(&history), 3));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("snapshot");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_ring_comes_first_and_history_before_it);
    tcase_add_test(tcase, what_is_behind_the_start_is_left_out);
    tcase_add_test(tcase, two_streams_are_merged_by_time);
    tcase_add_test(tcase, within_a_stream_the_order_is_that_of_the_cursors);
    tcase_add_test(tcase, trades_of_a_source_that_is_gone_belong_to_all_only);
    tcase_add_test(tcase, history_is_needed_where_the_ring_has_too_few);
    tcase_add_test(tcase, history_lags_when_it_ends_before_the_ring_begins);
    return RUN_TESTS("snapshot", tcase);
}
