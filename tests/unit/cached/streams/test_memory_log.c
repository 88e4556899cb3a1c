#include <stdio.h>
#include <stdlib.h>

#include "cached/streams/memory_log.h"
#include "tests/unit/run_tests.h"

enum { EPOCH = 7 };

static arena_t *arena;
static memory_log_t *memory_log;

static void make_memory_log(uint64_t limit)
{
    memory_log = memory_log_new(TEXT("trade.BTC-USD.test"), limit, arena);
    ck_assert_ptr_nonnull(memory_log);
}

static void setup(void)
{
    arena = arena_new();
    ck_assert_ptr_nonnull(arena);
}

static void teardown(void)
{
    memory_log_destroy(&memory_log);
    arena_destroy(&arena);
}

/* A text that tells its seq and has a length of its own. */
static text_t text_of_seq(uint64_t seq, char out[static 600])
{
    int length = snprintf(out, 600, "{\"seq\":%llu,\"pad\":\"%0*d\"}", (unsigned long long)seq, (int)(1 + seq * 37 % 500), 0);
    return (text_t){out, (size_t)length};
}

static bool append_at(uint64_t epoch, uint64_t seq, int64_t timestamp_ns)
{
    char out[600];
    return memory_log_append(memory_log, &(memory_log_trade_t){{epoch, seq}, timestamp_ns, text_of_seq(seq, out)});
}

static void append(uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++)
        ck_assert(append_at(EPOCH, seq, (int64_t)seq * 10));
}

static void assert_holds(uint64_t from, uint64_t to)
{
    char out[600];
    ck_assert_uint_eq(memory_log_count(memory_log), to - from + 1);
    for (uint64_t seq = from; seq <= to; seq++) {
        memory_log_trade_t trade = memory_log_at(memory_log, memory_log_first(memory_log) + (seq - from));
        ck_assert_uint_eq(trade.cursor.seq, seq);
        ck_assert_int_eq(trade.timestamp_ns, (int64_t)seq * 10);
        text_t expected = text_of_seq(seq, out);
        ck_assert_msg(text_equal(trade.json, expected), "seq %llu: expected %s, found %.*s", (unsigned long long)seq, out,
                      TEXT_ARG(trade.json));
    }
}

START_TEST(what_was_appended_comes_back_byte_for_byte)
{
    make_memory_log(100);
    append(1, 100);
    assert_holds(1, 100);
    ck_assert(text_equal(memory_log_topic(memory_log), TEXT("trade.BTC-USD.test")));
}
END_TEST

START_TEST(the_oldest_goes_when_the_limit_is_reached)
{
    static const uint64_t limits[] = {1, 2, 3, 255, 256, 257, 1000};
    make_memory_log(limits[_i]);
    append(1, limits[_i] * 3 + 500);
    assert_holds(limits[_i] * 2 + 501, limits[_i] * 3 + 500);
}
END_TEST

START_TEST(a_cursor_that_is_not_new_is_refused)
{
    make_memory_log(10);
    append(1, 5);
    ck_assert(!append_at(EPOCH, 5, 50));
    ck_assert(!append_at(EPOCH, 1, 10));
    ck_assert(!append_at(EPOCH - 1, 100, 1000));
    assert_holds(1, 5);
    ck_assert(append_at(EPOCH + 1, 1, 60));
}
END_TEST

START_TEST(a_full_memory_log_needs_no_more_memory)
{
    make_memory_log(1000);
    append(1, 5000);
    size_t least = memory_log_bytes(memory_log), most = least;
    for (uint64_t seq = 5001; seq <= 50000; seq++) {
        append(seq, seq);
        size_t bytes = memory_log_bytes(memory_log);
        least = bytes < least ? bytes : least;
        most = bytes > most ? bytes : most;
    }
    ck_assert_uint_le(most - least, 4 * MEMORY_LOG_CHUNK_BYTES);
}
END_TEST

START_TEST(a_trade_costs_its_text_and_40_bytes)
{
    make_memory_log(10000);
    char text[270];
    memset(text, 'x', sizeof text);
    for (uint64_t seq = 1; seq <= 30000; seq++)
        ck_assert(memory_log_append(memory_log, &(memory_log_trade_t){{EPOCH, seq}, 0, {text, sizeof text}}));
    ck_assert_uint_le(memory_log_bytes(memory_log), 10000 * (sizeof text + 40));
}
END_TEST

START_TEST(a_cursor_is_found_across_holes_and_epochs)
{
    make_memory_log(6); /* 3-9 is dropped */
    ck_assert(append_at(3, 9, 0) && append_at(5, 10, 0) && append_at(5, 11, 0) && append_at(5, 15, 0));
    ck_assert(append_at(8, 1, 0) && append_at(8, 2, 0) && append_at(8, 3, 0));
    static const struct {
        cursor_t cursor;
        uint64_t number;
    } cases[] = {
        {{3, 9}, 1},  {{5, 0}, 1}, {{5, 10}, 1}, {{5, 11}, 2}, {{5, 12}, 3}, {{5, 15}, 3}, {{5, 16}, 4},
        {{6, 77}, 4}, {{8, 0}, 4}, {{8, 1}, 4},  {{8, 3}, 6},  {{8, 4}, 7},  {{9, 0}, 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(memory_log_find(memory_log, cases[i].cursor) == cases[i].number, "case %zu", i);
    ck_assert_uint_eq(memory_log_end(memory_log), 7);
}
END_TEST

START_TEST(clear_forgets_the_trades_and_keeps_the_place)
{
    make_memory_log(300);
    append(1, 1000);
    memory_log_clear(memory_log);
    ck_assert_uint_eq(memory_log_count(memory_log), 0);
    ck_assert_uint_eq(memory_log_known(memory_log).seq, 1000);
    ck_assert(!append_at(EPOCH, 1000, 0));
    append(1001, 1400);
    assert_holds(1101, 1400);
}
END_TEST

START_TEST(skip_moves_the_place_forward_only)
{
    make_memory_log(10);
    memory_log_skip(memory_log, (cursor_t){EPOCH, 41});
    memory_log_skip(memory_log, (cursor_t){EPOCH, 7});
    ck_assert_uint_eq(memory_log_known(memory_log).seq, 41);
    ck_assert(!append_at(EPOCH, 41, 0));
    append(42, 43);
    assert_holds(42, 43);
}
END_TEST

/* Compares with a plain walk over every trade, on timestamps that jump back and forth. */
START_TEST(times_are_found_whatever_their_order)
{
    enum { LIMIT = 1000, SPREAD = 4000 };
    make_memory_log(LIMIT);
    unsigned random = (unsigned)_i + 1;
    for (uint64_t seq = 1; seq <= 2500; seq++) {
        random = random * 1103515245 + 12345;
        ck_assert(append_at(EPOCH, seq, (int64_t)(seq * 10 + random / 65536 % SPREAD)));
    }
    for (int64_t bound = 14000; bound < 31000; bound += 61) {
        uint64_t newest = UINT64_MAX, oldest = UINT64_MAX, number;
        for (uint64_t n = memory_log_first(memory_log); n < memory_log_end(memory_log); n++) {
            if (memory_log_at(memory_log, n).timestamp_ns < bound)
                newest = n;
            if (memory_log_at(memory_log, n).timestamp_ns > bound && oldest == UINT64_MAX)
                oldest = n;
        }
        ck_assert_uint_eq(memory_log_newest(memory_log, memory_log_end(memory_log), (window_t){INT64_MIN, bound}, &number)
                              ? number
                              : UINT64_MAX,
                          newest);
        ck_assert_uint_eq(memory_log_oldest(memory_log, 0, (window_t){bound, INT64_MAX}, &number) ? number : UINT64_MAX,
                          oldest);
    }
}
END_TEST

START_TEST(looking_for_times_begins_where_it_is_told)
{
    make_memory_log(1000);
    append(1, 1000); /* number n has timestamp (n + 1) × 10 */
    uint64_t number;
    ck_assert(memory_log_newest(memory_log, 500, (window_t){INT64_MIN, INT64_MAX}, &number));
    ck_assert_uint_eq(number, 499);
    ck_assert(memory_log_oldest(memory_log, 500, (window_t){0, INT64_MAX}, &number));
    ck_assert_uint_eq(number, 500);
    ck_assert(!memory_log_newest(memory_log, 0, (window_t){INT64_MIN, INT64_MAX}, &number));
    ck_assert(!memory_log_oldest(memory_log, 1000, (window_t){0, INT64_MAX}, &number));
    ck_assert(!memory_log_newest(memory_log, 1000, (window_t){INT64_MIN, 10}, &number));
    ck_assert(!memory_log_oldest(memory_log, 0, (window_t){10000, INT64_MAX}, &number));
}
END_TEST

START_TEST(another_limit_drops_what_is_too_much_or_makes_room)
{
    make_memory_log(10);
    append(1, 20);
    memory_log_set_limit(memory_log, 3);
    ck_assert_uint_eq(memory_log_limit(memory_log), 3);
    ck_assert_uint_eq(memory_log_count(memory_log), 3);
    append(21, 30);
    ck_assert_uint_eq(memory_log_count(memory_log), 3);
    ck_assert_uint_eq(memory_log_at(memory_log, memory_log_first(memory_log)).cursor.seq, 28);
    memory_log_set_limit(memory_log, 1000);
    append(31, 1100);
    ck_assert_uint_eq(memory_log_count(memory_log), 1000);
    ck_assert_uint_eq(memory_log_at(memory_log, memory_log_first(memory_log)).cursor.seq, 101);
}
END_TEST

START_TEST(what_is_too_old_is_dropped_up_to_the_first_that_is_not)
{
    make_memory_log(1000);
    append(1, 600); /* at 10, 20, 30 … */
    memory_log_drop_before(memory_log, 3001);
    ck_assert_uint_eq(memory_log_at(memory_log, memory_log_first(memory_log)).cursor.seq, 301);
    memory_log_drop_before(memory_log, 5);
    ck_assert_uint_eq(memory_log_count(memory_log), 300);
    memory_log_drop_before(memory_log, INT64_MAX);
    ck_assert_uint_eq(memory_log_count(memory_log), 0);
    ck_assert_uint_eq(memory_log_known(memory_log).seq, 600);
    append(601, 602);
    ck_assert_uint_eq(memory_log_count(memory_log), 2);
}
END_TEST

START_TEST(a_memory_log_takes_what_another_has_but_keeps_its_limit)
{
    make_memory_log(5);
    memory_log_t *shown = memory_log;
    make_memory_log(10);
    append(1, 10);
    memory_log_t *filled = memory_log;
    memory_log = shown;
    memory_log_take(memory_log, &filled);
    ck_assert_ptr_null(filled);
    ck_assert_uint_eq(memory_log_count(memory_log), 5);
    ck_assert_uint_eq(memory_log_known(memory_log).seq, 10);
    append(11, 12);
    ck_assert_uint_eq(memory_log_at(memory_log, memory_log_first(memory_log)).cursor.seq, 8);
}
END_TEST

/* Trades [from, to] on a memory log of their own. */
static memory_log_t *older_memory_log(uint64_t from, uint64_t to)
{
    memory_log_t *newer = memory_log;
    memory_log = memory_log_new_like(newer);
    append(from, to);
    memory_log_t *older = memory_log;
    memory_log = newer;
    return older;
}

START_TEST(older_trades_are_put_before_those_that_are_there)
{
    static const uint64_t splits[] = {2, 255, 256, 300, 1999, 2000};
    make_memory_log(100000);
    append(splits[_i], 2000);
    memory_log_t *older = older_memory_log(1, splits[_i] - 1);
    ck_assert(memory_log_take_older(memory_log, &older));
    ck_assert_ptr_null(older);
    assert_holds(1, 2000);
    append(2001, 4000);
    assert_holds(1, 4000);
    for (uint64_t seq = 1; seq <= 4000; seq += 7) {
        uint64_t number;
        ck_assert(memory_log_oldest(memory_log, 0, (window_t){(int64_t)seq * 10 - 1, INT64_MAX}, &number));
        ck_assert_uint_eq(memory_log_at(memory_log, number).cursor.seq, seq);
        ck_assert_uint_eq(memory_log_at(memory_log, memory_log_find(memory_log, (cursor_t){EPOCH, seq})).cursor.seq, seq);
    }
}
END_TEST

START_TEST(of_older_trades_only_as_many_are_taken_as_the_limit_has_room_for)
{
    make_memory_log(1000);
    append(901, 1500);
    memory_log_t *older = older_memory_log(1, 900);
    ck_assert(memory_log_take_older(memory_log, &older));
    assert_holds(501, 1500);
    older = older_memory_log(1, 500);
    ck_assert(memory_log_take_older(memory_log, &older)); /* there is room for none */
    assert_holds(501, 1500);
    append(1501, 1600);
    assert_holds(601, 1600);
}
END_TEST

START_TEST(older_trades_are_put_before_none_and_none_before_what_is_there)
{
    make_memory_log(1000);
    memory_log_skip(memory_log, (cursor_t){EPOCH, 700});
    memory_log_t *older = older_memory_log(1, 700);
    ck_assert(memory_log_take_older(memory_log, &older));
    assert_holds(1, 700);
    ck_assert_uint_eq(memory_log_known(memory_log).seq, 700);
    append(701, 800);
    older = memory_log_new_like(memory_log);
    ck_assert(memory_log_take_older(memory_log, &older));
    assert_holds(1, 800);
}
END_TEST

START_TEST(the_candles_of_older_trades_are_added)
{
    make_memory_log(1000);
    candle_place_t now = {5000000000, {EPOCH, 2}}, then = {4000000000, {EPOCH, 1}};
    ck_assert(candles_add(memory_log_candles(memory_log), now, TEXT("2"), TEXT("1")));
    memory_log_t *older = older_memory_log(1, 1);
    ck_assert(candles_add(memory_log_candles(older), then, TEXT("1"), TEXT("1")));
    append(2, 2);
    ck_assert(memory_log_take_older(memory_log, &older));
    const candle_series_t *seconds = candles_series(memory_log_candles(memory_log), INTERVAL_1S);
    ck_assert_uint_eq(seconds->count, 2);
    ck_assert_int_eq(candle_series_at(seconds, 0)->start_ns, 4000000000);
    ck_assert_uint_eq(candles_from(memory_log_candles(memory_log)).seq, 1);
}
END_TEST

static void tell(memory_log_t *log, uint64_t seq, const char *data)
{
    trade_t record = {.cursor = {EPOCH, seq}, .data = text_of(data)};
    ck_assert(memory_log_append(log, &(memory_log_trade_t){record.cursor, 1, record.data}));
    ck_assert(coverage_series_take(memory_log_coverage(log), &record));
}

/* Whether there is room for the older records or not. */
START_TEST(what_older_records_say_of_coverage_is_added)
{
    memory_log = memory_log_new(TEXT("coverage.BTC-USD.test"), _i == 0 ? 1 : 10, arena);
    memory_log_t *older = memory_log_new_like(memory_log);
    tell(memory_log, 2, "{\"state\":\"unknown\",\"from\":\"1970-01-01T00:00:02Z\",\"cursor\":\"7-0\"}");
    tell(older, 1, "{\"state\":\"live\",\"from\":\"1970-01-01T00:00:01Z\",\"cursor\":\"7-0\"}");
    ck_assert(memory_log_take_older(memory_log, &older));
    const coverage_series_t *series = memory_log_coverage(memory_log);
    ck_assert_uint_eq(coverage_series_count(series), 2);
    ck_assert_int_eq(coverage_series_at(series, 0).to_ns, 2000000000);
    ck_assert_uint_eq(memory_log_added_from(memory_log).seq, 1);
    memory_log_clear(memory_log);
    ck_assert_uint_eq(coverage_series_count(memory_log_coverage(memory_log)), 0);
}
END_TEST

START_TEST(only_a_stream_of_coverage_has_it)
{
    make_memory_log(10);
    ck_assert_ptr_null(memory_log_coverage(memory_log));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("memory_log");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, what_older_records_say_of_coverage_is_added, 0, 2);
    tcase_add_test(tcase, only_a_stream_of_coverage_has_it);
    tcase_add_test(tcase, what_was_appended_comes_back_byte_for_byte);
    tcase_add_loop_test(tcase, the_oldest_goes_when_the_limit_is_reached, 0, 7);
    tcase_add_test(tcase, a_cursor_that_is_not_new_is_refused);
    tcase_add_test(tcase, a_full_memory_log_needs_no_more_memory);
    tcase_add_test(tcase, a_trade_costs_its_text_and_40_bytes);
    tcase_add_test(tcase, a_cursor_is_found_across_holes_and_epochs);
    tcase_add_test(tcase, clear_forgets_the_trades_and_keeps_the_place);
    tcase_add_test(tcase, skip_moves_the_place_forward_only);
    tcase_add_loop_test(tcase, times_are_found_whatever_their_order, 0, 5);
    tcase_add_test(tcase, looking_for_times_begins_where_it_is_told);
    tcase_add_test(tcase, another_limit_drops_what_is_too_much_or_makes_room);
    tcase_add_test(tcase, what_is_too_old_is_dropped_up_to_the_first_that_is_not);
    tcase_add_test(tcase, a_memory_log_takes_what_another_has_but_keeps_its_limit);
    tcase_add_loop_test(tcase, older_trades_are_put_before_those_that_are_there, 0, 6);
    tcase_add_test(tcase, of_older_trades_only_as_many_are_taken_as_the_limit_has_room_for);
    tcase_add_test(tcase, older_trades_are_put_before_none_and_none_before_what_is_there);
    tcase_add_test(tcase, the_candles_of_older_trades_are_added);
    return RUN_TESTS("memory_log", tcase);
}
