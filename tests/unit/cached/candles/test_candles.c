#include <stdio.h>
#include <stdlib.h>

#include "cached/candles/candles.h"
#include "common/clock.h"
#include "common/timestamp.h"
#include "tests/unit/run_tests.h"

static candles_t *candles;

static void setup(void)
{
    candles = candles_new();
    ck_assert_ptr_nonnull(candles);
}

static void teardown(void)
{
    candles_destroy(&candles);
}

typedef struct {
    int64_t ms; /* since 2025-11-10T10:00:00Z */
    uint64_t seq;
    const char *price, *qty;
} given_t;

static int64_t time_of(int64_t ms)
{
    int64_t start_ns;
    ck_assert(timestamp_parse(TEXT("2025-11-10T10:00:00Z"), &start_ns));
    return start_ns + ms * NS_PER_MS;
}

static void give(candles_t *to, given_t trade)
{
    ck_assert(candles_add(to, (candle_place_t){time_of(trade.ms), {7, trade.seq}}, text_of(trade.price), text_of(trade.qty)));
}

static void assert_text(buffer_t *out, const char *expected)
{
    ck_assert_msg(text_equal(buffer_text(out), text_of(expected)), "expected %s\nfound    %.*s", expected,
                  TEXT_ARG(buffer_text(out)));
    buffer_release(out);
}

static buffer_t print(candles_t *of, interval_t interval)
{
    buffer_t out = buffer_new(0);
    const candle_series_t *series = candles_series(of, interval);
    for (size_t n = 0; n < series->count; n++) {
        json_writer_t json = json_write(&out);
        candle_print(candle_series_at(series, n), &json);
        json_close_object(&json);
    }
    return out;
}

static void assert_candles(candles_t *of, interval_t interval, const char *expected)
{
    buffer_t out = print(of, interval);
    assert_text(&out, expected);
}

#define CANDLE(start, open, high, low, close, volume, count, vwap)                                                             \
    "{\"start\":\"2025-11-10T10:" start "Z\",\"open\":" open ",\"high\":" high ",\"low\":" low ",\"close\":" close             \
    ",\"volume\":" volume ",\"count\":" count ",\"vwap\":" vwap "}"

/* Several trades each, given in every rotation and backwards: the outcome is the same. */
static const struct {
    given_t trades[6];
    interval_t interval;
    const char *expected;
} cases[] = {
    {{{0, 1, "105383.80000", "0.00885072"}},
     INTERVAL_1S,
     CANDLE("00:00", "105383.80000", "105383.80000", "105383.80000", "105383.80000", "0.00885072", "1", "105383.8")},
    {{{100, 1, "2", "0.10"}, {200, 2, "8.5E-5", "0.2"}, {999, 3, "1.5", "1E+1"}},
     INTERVAL_1S,
     CANDLE("00:00", "2", "2", "8.5E-5", "1.5", "10.30", "3", "1.475729805825242718446601941747573")},
    /* of one timestamp the cursor decides, and the epoch's seq is a number */
    {{{5, 9, "9", "1"}, {5, 10, "10", "1"}, {5, 2, "2", "1"}},
     INTERVAL_1M,
     CANDLE("00:00", "2", "10", "2", "10", "3", "3", "7")},
    /* a timestamp before that of an earlier cursor */
    {{{900, 1, "1", "1"}, {100, 2, "2", "1"}, {1000, 3, "3", "1"}},
     INTERVAL_1S,
     CANDLE("00:00", "2", "2", "1", "1", "2", "2", "1.5") CANDLE("00:01", "3", "3", "3", "3", "1", "1", "3")},
    {{{900, 1, "1", "1"}, {59999, 2, "2", "1"}, {60000, 3, "3", "1"}, {299999, 4, "4", "2"}, {300000, 5, "5", "1"}},
     INTERVAL_5M,
     CANDLE("00:00", "1", "4", "1", "4", "5", "4", "2.8") CANDLE("05:00", "5", "5", "5", "5", "1", "1", "5")},
    {{{1, 1, "1.50", "0"}, {2, 2, "1.5", "-0.00"}, {3, 3, "1.500", "0E-3"}},
     INTERVAL_1D,
     "{\"start\":\"2025-11-10T00:00:00Z\",\"open\":1.50,\"high\":1.5,\"low\":1.5,\"close\":1.500,\"volume\":0.000,\"count\":3,"
     "\"vwap\":null}"},
    {{{0, 1, "-37.63", "2"}, {0, 2, "99999999999999999999999999999999999999", "1.5"}, {0, 3, "1E+50", "1E-50"}},
     INTERVAL_1H,
     CANDLE("00:00", "-37.63", "1E+50", "-37.63", "1E+50", "3.50000000000000000000000000000000000000000000000001", "3",
            "42857142857142857142857142857142860000")},
    {{{0, 1, "0.1234567890123456789", "1"}, {1, 2, "0.1234567890123456788", "1"}},
     INTERVAL_15M,
     CANDLE("00:00", "0.1234567890123456789", "0.1234567890123456789", "0.1234567890123456788", "0.1234567890123456788", "2",
            "2", "0.12345678901234567885")},
};

static size_t trades_of(size_t number)
{
    size_t count = 0;
    while (count < 6 && cases[number].trades[count].price)
        count++;
    return count;
}

START_TEST(a_candle_is_the_same_in_whatever_order_its_trades_come)
{
    size_t count = trades_of((size_t)_i);
    for (size_t turn = 0; turn < count * 2; turn++) {
        candles_clear(candles);
        for (size_t i = 0; i < count; i++) {
            size_t at = (i + turn) % count;
            give(candles, cases[_i].trades[turn < count ? at : count - 1 - at]);
        }
        assert_candles(candles, cases[_i].interval, cases[_i].expected);
    }
}
END_TEST

START_TEST(looking_at_candles_meanwhile_changes_nothing)
{
    for (size_t i = 0; i < trades_of((size_t)_i); i++) {
        give(candles, cases[_i].trades[i]);
        for (interval_t interval = INTERVAL_1S; interval < INTERVALS; interval++)
            candles_series(candles, interval);
    }
    assert_candles(candles, cases[_i].interval, cases[_i].expected);
}
END_TEST

START_TEST(two_halves_of_a_stream_merge)
{
    size_t count = trades_of((size_t)_i);
    for (size_t half = 0; half <= count; half++) {
        candles_t *other = candles_new();
        candles_clear(candles);
        for (size_t i = 0; i < count; i++)
            give(i < half ? candles : other, cases[_i].trades[i]);
        ck_assert(candles_merge(candles, other));
        candles_destroy(&other);
        assert_candles(candles, cases[_i].interval, cases[_i].expected);
    }
}
END_TEST

static const struct {
    interval_t interval;
    size_t limit;
} bounds[] = {
    {INTERVAL_1S, 3600},  {INTERVAL_1M, 10080}, {INTERVAL_5M, 8640},
    {INTERVAL_15M, 8640}, {INTERVAL_1H, 8760},  {INTERVAL_1D, 3650},
};

static void give_many(interval_t interval, size_t from, size_t to)
{
    int64_t step_ms = interval_ns(interval) / NS_PER_MS;
    for (size_t n = from; n < to; n++)
        give(candles, (given_t){(int64_t)n * step_ms, n + 1, "1", "1"});
}

START_TEST(so_many_are_held_and_no_more)
{
    interval_t interval = bounds[_i].interval;
    size_t limit = bounds[_i].limit;
    give_many(interval, 0, limit);
    const candle_series_t *series = candles_series(candles, interval);
    ck_assert_uint_eq(series->count, limit);
    ck_assert_int_eq(series->lost_ns, CANDLES_NONE_LOST);
    size_t bytes = candles_bytes(candles);
    give_many(interval, limit, limit + 5);
    series = candles_series(candles, interval);
    ck_assert_uint_eq(series->count, limit);
    ck_assert_int_eq(candle_series_at(series, 0)->start_ns, series->lost_ns + interval_ns(interval));
    ck_assert_int_eq(candle_series_at(series, limit - 1)->start_ns,
                     candle_series_at(series, 0)->start_ns + (int64_t)(limit - 1) * interval_ns(interval));
    if (interval == INTERVAL_1S)
        ck_assert_uint_eq(candles_bytes(candles), bytes);
}
END_TEST

START_TEST(a_late_trade_goes_where_it_belongs_and_a_too_late_one_nowhere)
{
    give_many(INTERVAL_1S, 10, 3610);
    give(candles, (given_t){20500, 5000, "7", "2"});
    const candle_series_t *series = candles_series(candles, INTERVAL_1S);
    ck_assert_uint_eq(candle_series_at(series, 10)->count, 2);
    give(candles, (given_t){9500, 5001, "7", "2"});
    series = candles_series(candles, INTERVAL_1S);
    ck_assert_uint_eq(series->count, 3600);
    ck_assert_int_eq(candle_series_at(series, 0)->start_ns, time_of(10000));
    ck_assert_int_eq(series->lost_ns, time_of(9000));
    series = candles_series(candles, INTERVAL_1M);
    ck_assert_uint_eq(candle_series_at(series, 0)->count, 52); /* coarser ones have both */
}
END_TEST

START_TEST(a_late_trade_between_two_candles_of_a_full_series_moves_the_oldest_out)
{
    give_many(INTERVAL_1S, 0, 1000);
    give_many(INTERVAL_1S, 1001, 3601);
    give(candles, (given_t){1000 * 1000, 9000, "3", "1"});
    const candle_series_t *series = candles_series(candles, INTERVAL_1S);
    ck_assert_uint_eq(series->count, 3600);
    for (size_t n = 0; n < 3600; n++)
        ck_assert_int_eq(candle_series_at(series, n)->start_ns, time_of((int64_t)(n + 1) * 1000));
    ck_assert(text_equal(price_text(&candle_series_at(series, 999)->high), TEXT("3")));
}
END_TEST

START_TEST(what_another_has_lost_is_not_held_by_halves)
{
    candles_t *other = candles;
    give_many(INTERVAL_1S, 0, 3605); /* 5 are lost */
    candles = candles_new();
    give(candles, (given_t){3000, 8000, "1", "1"});
    give(candles, (given_t){7000, 8001, "1", "1"});
    ck_assert(candles_merge(candles, other));
    const candle_series_t *series = candles_series(candles, INTERVAL_1S);
    ck_assert_uint_eq(series->count, 3600);
    ck_assert_int_eq(candle_series_at(series, 0)->start_ns, time_of(5000));
    ck_assert_uint_eq(candle_series_at(series, 2)->count, 2);
    candles_destroy(&other);
}
END_TEST

START_TEST(of_older_candles_those_are_taken_that_there_is_room_for)
{
    candles_t *older = candles;
    give_many(INTERVAL_1S, 0, 3000);
    candles = candles_new();
    give_many(INTERVAL_1S, 2990, 5000);
    ck_assert(candles_merge(candles, older));
    const candle_series_t *series = candles_series(candles, INTERVAL_1S);
    ck_assert_uint_eq(series->count, 3600);
    ck_assert_int_eq(series->lost_ns, time_of(1399 * 1000));
    for (size_t n = 0; n < 3600; n++) {
        const candle_t *candle = candle_series_at(series, n);
        ck_assert_int_eq(candle->start_ns, time_of((int64_t)(n + 1400) * 1000));
        ck_assert_uint_eq(candle->count, n >= 1590 && n < 1600 ? 2 : 1);
    }
    for (interval_t interval = INTERVAL_1S; interval < INTERVALS; interval++)
        ck_assert_uint_eq(candles_series(older, interval)->count, 0);
    give(candles, (given_t){5000 * 1000, 9000, "1", "1"});
    ck_assert_int_eq(candles_series(candles, INTERVAL_1S)->lost_ns, time_of(1400 * 1000));
    ck_assert_uint_eq(candle_series_at(candles_series(candles, INTERVAL_1D), 0)->count, 5011);
    candles_destroy(&older);
}
END_TEST

START_TEST(candles_know_where_they_begin)
{
    candles_t *older = candles_new();
    ck_assert_int_eq(cursor_compare(candles_from(candles), (cursor_t){0, 0}), 0);
    ck_assert(candles_merge(candles, older));
    ck_assert_int_eq(cursor_compare(candles_from(candles), (cursor_t){0, 0}), 0);
    give(candles, (given_t){1, 8, "1", "1"});
    give(candles, (given_t){2, 9, "1", "1"});
    ck_assert_int_eq(cursor_compare(candles_from(candles), (cursor_t){7, 8}), 0);
    ck_assert(candles_merge(candles, older));
    ck_assert_int_eq(cursor_compare(candles_from(candles), (cursor_t){7, 8}), 0);
    give(older, (given_t){0, 3, "1", "1"});
    ck_assert(candles_merge(candles, older));
    ck_assert_int_eq(cursor_compare(candles_from(candles), (cursor_t){7, 3}), 0);
    candles_destroy(&older);
}
END_TEST

START_TEST(older_ones_are_to_come_until_they_came_or_all_is_forgotten)
{
    ck_assert(!candles_older_to_come(candles));
    candles_older_came(candles);
    candles_expect_older(candles);
    ck_assert(candles_older_to_come(candles));
    candles_older_came(candles);
    ck_assert(!candles_older_to_come(candles));
    candles_expect_older(candles);
    candles_clear(candles);
    ck_assert(!candles_older_to_come(candles));
    candles_expect_older(candles);
    ck_assert(!candles_older_to_come(candles));
}
END_TEST

START_TEST(another_source_comes_behind_within_one_timestamp)
{
    candle_t a = {0}, b = {0}, both = {0};
    ck_assert(candle_add(&a, (candle_place_t){time_of(0), {9, 9}}, TEXT("1"), TEXT("1")));
    ck_assert(candle_add(&a, (candle_place_t){time_of(5), {9, 10}}, TEXT("2"), TEXT("1")));
    ck_assert(candle_add(&b, (candle_place_t){time_of(0), {1, 1}}, TEXT("3"), TEXT("0.5")));
    ck_assert(candle_add(&b, (candle_place_t){time_of(5), {1, 2}}, TEXT("0.5"), TEXT("0.5")));
    ck_assert(candle_join(&both, &a) && candle_join(&both, &b));
    both.start_ns = time_of(0);
    buffer_t out = buffer_new(0);
    json_writer_t json = json_write(&out);
    candle_print(&both, &json);
    json_close_object(&json);
    assert_text(&out, CANDLE("00:00", "1", "3", "0.5", "0.5", "3.0", "4", "1.583333333333333333333333333333333"));
    candle_release(&a);
    candle_release(&b);
    candle_release(&both);
}
END_TEST

START_TEST(cleared_candles_are_gone)
{
    give_many(INTERVAL_1S, 0, 4000);
    candles_clear(candles);
    for (interval_t interval = INTERVAL_1S; interval < INTERVALS; interval++)
        assert_candles(candles, interval, "");
    give(candles, (given_t){0, 4001, "1", "1"});
    assert_candles(candles, INTERVAL_1S, CANDLE("00:00", "1", "1", "1", "1", "1", "1", "1"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("candles");
    int case_count = sizeof cases / sizeof *cases;
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_candle_is_the_same_in_whatever_order_its_trades_come, 0, case_count);
    tcase_add_loop_test(tcase, looking_at_candles_meanwhile_changes_nothing, 0, case_count);
    tcase_add_loop_test(tcase, two_halves_of_a_stream_merge, 0, case_count);
    tcase_add_loop_test(tcase, so_many_are_held_and_no_more, 0, sizeof bounds / sizeof *bounds);
    tcase_add_test(tcase, a_late_trade_goes_where_it_belongs_and_a_too_late_one_nowhere);
    tcase_add_test(tcase, a_late_trade_between_two_candles_of_a_full_series_moves_the_oldest_out);
    tcase_add_test(tcase, what_another_has_lost_is_not_held_by_halves);
    tcase_add_test(tcase, of_older_candles_those_are_taken_that_there_is_room_for);
    tcase_add_test(tcase, candles_know_where_they_begin);
    tcase_add_test(tcase, older_ones_are_to_come_until_they_came_or_all_is_forgotten);
    tcase_add_test(tcase, another_source_comes_behind_within_one_timestamp);
    tcase_add_test(tcase, cleared_candles_are_gone);
    return RUN_TESTS("candles", tcase);
}
