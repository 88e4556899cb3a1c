#include <stdio.h>
#include <stdlib.h>

#include "cached/streams/merge.h"
#include "tests/unit/run_tests.h"

/* Streams are written as texts of timestamps, a digit each; a trade's text is its stream's letter and its seq. */
enum { STREAMS_MAX = 4 };

static arena_t *arena;
static memory_log_t *memory_logs[STREAMS_MAX];
static size_t memory_log_total;

static void make_memory_logs(const char *const *streams)
{
    for (memory_log_total = 0; memory_log_total < STREAMS_MAX && streams[memory_log_total]; memory_log_total++) {
        memory_logs[memory_log_total] = memory_log_new(TEXT("trade.BTC-USD.x"), 100, arena);
        ck_assert_ptr_nonnull(memory_logs[memory_log_total]);
        for (uint64_t seq = 1; streams[memory_log_total][seq - 1]; seq++) {
            char text[2] = {(char)('a' + memory_log_total), (char)('0' + seq)};
            memory_log_trade_t trade = {{1, seq}, streams[memory_log_total][seq - 1] - '0', {text, 2}};
            ck_assert(memory_log_append(memory_logs[memory_log_total], &trade));
        }
    }
}

static void setup(void)
{
    arena = arena_new();
    ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
    for (size_t i = 0; i < STREAMS_MAX; i++)
        memory_log_destroy(&memory_logs[i]);
    arena_destroy(&arena);
}

static merge_t merge;

static bool merge_next(memory_log_trade_t *trade)
{
    if (merge_peek(&merge, trade) != MERGE_TRADE)
        return false;
    merge_advance(&merge);
    return true;
}

static void assert_merges_to(const char *expected)
{
    char found[200] = "";
    memory_log_trade_t trade;
    while (merge_next(&trade)) {
        strcat(found, *found ? " " : "");
        strncat(found, trade.json.at, trade.json.length);
    }
    ck_assert_str_eq(found, expected);
}

static void merge_all(merge_order_t order, window_t window)
{
    merge_begin(&merge, order, window, false);
    for (size_t i = 0; i < memory_log_total; i++) {
        if (order == MERGE_NEWEST_FIRST)
            merge_add_newest(&merge, memory_logs[i], (cursor_t){UINT64_MAX, UINT64_MAX});
        else
            merge_add_oldest(&merge, memory_logs[i], (cursor_t){0, 0}, (cursor_t){UINT64_MAX, UINT64_MAX});
    }
}

static const struct {
    const char *streams[STREAMS_MAX + 1];
    int64_t before_ns, after_ns;
    const char *newest, *oldest;
} cases[] = {
    {{NULL}, 100, -1, "", ""},
    {{""}, 100, -1, "", ""},
    {{"123"}, 100, -1, "a3 a2 a1", "a1 a2 a3"},
    {{"135", "246"}, 100, -1, "b3 a3 b2 a2 b1 a1", "a1 b1 a2 b2 a3 b3"},
    {{"123", "", "9"}, 100, -1, "c1 a3 a2 a1", "a1 a2 a3 c1"},
    /* bounds are exclusive */
    {{"135", "246"}, 4, 4, "a2 b1 a1", "a3 b3"},
    {{"135", "246"}, 1, 6, "", ""},
    /* equal timestamps: both orders agree */
    {{"55", "55"}, 100, -1, "b2 b1 a2 a1", "a1 a2 b1 b2"},
    /* a stream's own order stays, even where its timestamps are not in order */
    {{"132", "2"}, 100, -1, "b1 a3 a2 a1", "a1 b1 a2 a3"},
    {{"143"}, 4, 3, "a3 a1", "a2"},
};

START_TEST(newest_first)
{
    make_memory_logs(cases[_i].streams);
    merge_all(MERGE_NEWEST_FIRST, (window_t){INT64_MIN, cases[_i].before_ns});
    assert_merges_to(cases[_i].newest);
}
END_TEST

START_TEST(newest_first_up_to_the_cursors_that_are_given)
{
    make_memory_logs((const char *[]){"135", "246", NULL});
    merge_begin(&merge, MERGE_NEWEST_FIRST, WINDOW_ALL, false);
    merge_add_newest(&merge, memory_logs[0], (cursor_t){1, 2});
    merge_add_newest(&merge, memory_logs[1], (cursor_t){1, 1});
    assert_merges_to("a2 b1 a1");
}
END_TEST

START_TEST(oldest_first_between_the_cursors_that_are_given)
{
    make_memory_logs((const char *[]){"135", "246", NULL});
    merge_begin(&merge, MERGE_OLDEST_FIRST, WINDOW_ALL, false);
    merge_add_oldest(&merge, memory_logs[0], (cursor_t){1, 2}, (cursor_t){1, 2});
    merge_add_oldest(&merge, memory_logs[1], (cursor_t){1, 3}, (cursor_t){9, 1});
    assert_merges_to("a2 b3");
}
END_TEST

START_TEST(both_bounds_of_time_hold_at_once)
{
    make_memory_logs((const char *[]){"135", "246", NULL});
    merge_all(MERGE_NEWEST_FIRST, (window_t){2, 5});
    assert_merges_to("b2 a2");
    merge_all(MERGE_OLDEST_FIRST, (window_t){2, 5});
    assert_merges_to("a2 b2");
}
END_TEST

START_TEST(oldest_first)
{
    make_memory_logs(cases[_i].streams);
    merge_all(MERGE_OLDEST_FIRST, (window_t){cases[_i].after_ns, INT64_MAX});
    assert_merges_to(cases[_i].oldest);
}
END_TEST

/* A stream of which nothing more is wanted now does not tell how far it goes, nor is it skipped up to there. */
START_TEST(an_end_of_time_moves_no_place)
{
    cursor_t place;
    memory_log_trade_t trade;
    make_memory_logs((const char *[]){"1234", "1789", NULL});
    merge_all(MERGE_OLDEST_FIRST, (window_t){INT64_MIN, 4});
    for (int i = 0; i < 3; i++)
        ck_assert(merge_next(&trade));
    ck_assert(merge_place(&merge, 0, &place) && place.seq == 3);
    ck_assert(merge_place(&merge, 1, &place) && place.seq == 2);
}
END_TEST

START_TEST(as_many_streams_as_allowed_merge)
{
    memory_log_t *many[MERGE_MAX];
    merge_begin(&merge, MERGE_OLDEST_FIRST, WINDOW_ALL, false);
    for (size_t i = 0; i < MERGE_MAX; i++) {
        many[i] = memory_log_new(TEXT("trade.BTC-USD.x"), 10, arena);
        for (uint64_t seq = 1; seq <= 10; seq++)
            ck_assert(memory_log_append(many[i], &(memory_log_trade_t){{1, seq}, (int64_t)(seq * MERGE_MAX + i), TEXT("{}")}));
        merge_add_oldest(&merge, many[i], (cursor_t){0, 0}, (cursor_t){UINT64_MAX, UINT64_MAX});
    }
    memory_log_trade_t trade;
    int64_t expected = MERGE_MAX;
    while (merge_next(&trade))
        ck_assert_int_eq(trade.timestamp_ns, expected++);
    ck_assert_int_eq(expected, 11 * MERGE_MAX);
    for (size_t i = 0; i < MERGE_MAX; i++)
        memory_log_destroy(&many[i]);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("merge");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, newest_first, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, newest_first_up_to_the_cursors_that_are_given);
    tcase_add_test(tcase, oldest_first_between_the_cursors_that_are_given);
    tcase_add_test(tcase, both_bounds_of_time_hold_at_once);
    tcase_add_loop_test(tcase, oldest_first, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, an_end_of_time_moves_no_place);
    tcase_add_test(tcase, as_many_streams_as_allowed_merge);
    return RUN_TESTS("merge", tcase);
}
