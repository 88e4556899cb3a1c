#include "cached/coverage/coverage_series.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static coverage_series_t *series;

static void set_up(void)
{
    series = coverage_series_new();
    ck_assert_ptr_nonnull(series);
}

static void tear_down(void)
{
    coverage_series_destroy(&series);
}

static void put(coverage_t coverage)
{
    if (coverage.to_ns == 0)
        coverage.to_ns = COVERAGE_OPEN;
    ck_assert(coverage_series_put(series, &coverage));
}

#define LIVE(from)    put((coverage_t){COVERAGE_LIVE, from, .cursor = {7, from}})
#define UNKNOWN(from) put((coverage_t){.state = COVERAGE_UNKNOWN, .from_ns = from})
#define HOLE(from, to, n)                                                                                                      \
    put((coverage_t){COVERAGE_HOLE, from, to, .missing_known = true, .missing = n, .first_id = TEXT("41"),                     \
                     .last_id = TEXT("43")})
#define FILLED(from, to, n) put((coverage_t){COVERAGE_BACKFILLED, from, to, .trades = n})
#define PROVED(from, to, n, sum)                                                                                               \
    put((coverage_t){COVERAGE_PROVED, from, to, .cursor = {7, to}, .trades = n, .volume = TEXT(sum)})

/* "live 0 10, hole 10 20 missing 3, live 20" */
static void assert_folded(const char *expected)
{
    buffer_t out = buffer_new(0);
    for (size_t i = 0; i < coverage_series_count(series); i++) {
        coverage_t told = coverage_series_at(series, i);
        buffer_printf(&out, "%s%s %lld", i ? ", " : "", coverage_state_name(told.state), (long long)told.from_ns);
        if (told.to_ns != COVERAGE_OPEN)
            buffer_printf(&out, " %lld", (long long)told.to_ns);
        if (told.missing_known)
            buffer_printf(&out, " missing %llu", (unsigned long long)told.missing);
        if (told.trades > 0)
            buffer_printf(&out, " trades %llu", (unsigned long long)told.trades);
        if (told.volume.length > 0)
            buffer_printf(&out, " volume %.*s", TEXT_ARG(told.volume));
        if (told.partial)
            buffer_printf(&out, " partial");
    }
    ck_assert_msg(text_equal(buffer_text(&out), text_of(expected)), "%.*s\nexpected %s", TEXT_ARG(buffer_text(&out)), expected);
    buffer_release(&out);
}

START_TEST(nothing_is_known_at_first)
{
    assert_folded("");
    ck_assert(!coverage_series_complete(series, 0, 1, INT64_MAX));
}
END_TEST

START_TEST(a_later_record_replaces_what_was_said_of_its_span)
{
    LIVE(0);
    HOLE(10, 20, 3);
    assert_folded("live 0 10, hole 10 20 missing 3, live 20");
    FILLED(10, 20, 3);
    assert_folded("live 0 10, backfilled 10 20 trades 3, live 20");
    UNKNOWN(5);
    assert_folded("live 0 5, unknown 5");
}
END_TEST

START_TEST(what_is_open_goes_on_until_a_later_record)
{
    LIVE(0);
    UNKNOWN(10);
    LIVE(30);
    FILLED(10, 25, 2);
    assert_folded("live 0 10, backfilled 10 25 trades 2, unknown 25 30, live 30");
}
END_TEST

START_TEST(of_what_is_left_nobody_knows_the_counts)
{
    HOLE(10, 20, 3);
    FILLED(14, 16, 1);
    assert_folded("hole 10 14 partial, backfilled 14 16 trades 1, hole 16 20 partial");
    ck_assert_uint_eq(coverage_series_at(series, 0).first_id.length, 0);
}
END_TEST

START_TEST(a_record_replaces_many)
{
    for (int64_t i = 0; i < 10; i++)
        HOLE(i * 10, i * 10 + 10, 1);
    put((coverage_t){COVERAGE_SHORT, 15, 85, .missing_known = true, .missing = 9});
    assert_folded("hole 0 10 missing 1, hole 10 15 partial, short 15 85 missing 9, hole 85 90 partial, hole 90 100 missing 1");
}
END_TEST

START_TEST(neighbours_that_say_the_same_are_one)
{
    LIVE(0);
    LIVE(10);
    assert_folded("live 0");
    ck_assert_uint_eq(coverage_series_at(series, 0).cursor.seq, 0);
    HOLE(10, 20, 3);
    put((coverage_t){.state = COVERAGE_LIVE, .from_ns = 10, .to_ns = 20});
    assert_folded("live 0");
}
END_TEST

START_TEST(proofs_are_added_exactly)
{
    PROVED(0, 60, 2, "0.10");
    PROVED(60, 120, 3, "1e-3");
    PROVED(180, 240, 1, "1");
    PROVED(120, 180, 0, "0");
    assert_folded("proved 0 240 trades 6 volume 1.101");
    ck_assert_uint_eq(coverage_series_at(series, 0).cursor.seq, 240);
    put((coverage_t){COVERAGE_PROVED, 240, 300, .trades = 4});
    assert_folded("proved 0 240 trades 6 volume 1.101, proved 240 300 trades 4");
}
END_TEST

START_TEST(holes_and_what_was_backfilled_stay_apart)
{
    HOLE(0, 10, 1);
    HOLE(10, 20, 2);
    FILLED(20, 30, 3);
    FILLED(30, 40, 4);
    assert_folded("hole 0 10 missing 1, hole 10 20 missing 2, backfilled 20 30 trades 3, backfilled 30 40 trades 4");
}
END_TEST

START_TEST(texts_are_kept)
{
    char first[] = "41", last[] = "43";
    put((coverage_t){COVERAGE_HOLE, 0, 10, .first_id = text_of(first), .last_id = text_of(last)});
    memset(first, 'x', 2);
    memset(last, 'x', 2);
    coverage_t hole = coverage_series_at(series, 0);
    ck_assert(text_equal(hole.first_id, TEXT("41")) && text_equal(hole.last_id, TEXT("43")));
}
END_TEST

START_TEST(the_oldest_go_where_there_are_too_many)
{
    for (int64_t i = 0; i <= COVERAGE_INTERVALS_MAX; i++)
        HOLE(i, i + 1, 1);
    size_t count = coverage_series_count(series);
    ck_assert_uint_le(count, COVERAGE_INTERVALS_MAX);
    ck_assert_uint_ge(count, COVERAGE_INTERVALS_MAX / 2);
    ck_assert_int_eq(coverage_series_at(series, count - 1).to_ns, COVERAGE_INTERVALS_MAX + 1);
    ck_assert_int_gt(coverage_series_at(series, 0).from_ns, 0);
}
END_TEST

START_TEST(older_records_go_before_newer_ones)
{
    coverage_series_t *older = coverage_series_new();
    PROVED(60, 120, 1, "1.0");
    HOLE(200, 210, 2);
    coverage_series_t *newer = series;
    series = older;
    LIVE(0);
    PROVED(0, 60, 1, "1.0");
    HOLE(200, 205, 1);
    series = newer;
    ck_assert(coverage_series_merge(series, older));
    assert_folded("proved 0 120 trades 2 volume 2.0, live 120 200, hole 200 210 missing 2, live 210");
    ck_assert_uint_eq(coverage_series_count(older), 0);
    coverage_series_destroy(&older);
}
END_TEST

START_TEST(records_are_taken_and_invalid_ones_say_nothing)
{
    ck_assert(coverage_series_take(
        series, &(trade_t){.cursor = {7, 3},
                           .data = TEXT("{\"state\":\"live\",\"from\":\"1970-01-01T00:00:00Z\",\"cursor\":\"7-0\"}")}));
    ck_assert(coverage_series_take(series, &(trade_t){.cursor = {7, 2}, .data = TEXT("{\"state\":\"dead\"}")}));
    assert_folded("live 0");
    ck_assert(cursor_compare(coverage_series_from(series), (cursor_t){7, 2}) == 0);
    coverage_series_clear(series);
    assert_folded("");
    ck_assert(cursor_compare(coverage_series_from(series), (cursor_t){0, 0}) == 0);
}
END_TEST

START_TEST(a_span_is_complete_if_nothing_in_it_is_missing)
{
    LIVE(10);
    FILLED(20, 30, 1);
    PROVED(40, 50, 1, "1");
    HOLE(60, 61, 1);
    enum { SURE = 80 };
    ck_assert(coverage_series_complete(series, 10, 60, SURE));
    ck_assert(coverage_series_complete(series, 61, 80, SURE));
    ck_assert(!coverage_series_complete(series, 9, 60, SURE));
    ck_assert(!coverage_series_complete(series, 10, 61, SURE));
    ck_assert(!coverage_series_complete(series, 60, 70, SURE));
    ck_assert(!coverage_series_complete(series, 61, 81, SURE));
    UNKNOWN(70);
    ck_assert(!coverage_series_complete(series, 61, 71, SURE));
}
END_TEST

/* Against the rule itself: each moment has the state of the last record that it is in. */
START_TEST(any_records_are_folded_by_the_rule)
{
    enum { MOMENTS = 64, RECORDS = 40, NOTHING = -1 };
    srand((unsigned)_i);
    int painted[MOMENTS];
    coverage_series_t *newer = coverage_series_new();
    for (int i = 0; i < MOMENTS; i++)
        painted[i] = NOTHING;
    for (int i = 0; i < RECORDS; i++) {
        coverage_t told = {.state = (coverage_state_t)(rand() % 6), .from_ns = rand() % (MOMENTS - 1), .volume = TEXT("1.5")};
        told.to_ns = told.from_ns + 1 + rand() % (MOMENTS - (int)told.from_ns);
        for (int64_t ns = told.from_ns; ns < told.to_ns && ns < MOMENTS; ns++)
            painted[ns] = (int)told.state;
        ck_assert(coverage_series_put(i < RECORDS / 2 ? series : newer, &told));
    }
    ck_assert(coverage_series_merge(newer, series));
    int64_t end_ns = 0;
    for (size_t i = 0; i < coverage_series_count(newer); i++) {
        coverage_t told = coverage_series_at(newer, i);
        ck_assert_int_ge(told.from_ns, end_ns);
        ck_assert_int_gt(told.to_ns, told.from_ns);
        for (; end_ns < told.from_ns; end_ns++)
            ck_assert_int_eq(painted[end_ns], NOTHING);
        for (; end_ns < told.to_ns && end_ns < MOMENTS; end_ns++)
            ck_assert_msg(painted[end_ns] == (int)told.state, "seed %d: at %lld", _i, (long long)end_ns);
    }
    for (; end_ns < MOMENTS; end_ns++)
        ck_assert_int_eq(painted[end_ns], NOTHING);
    coverage_series_destroy(&newer);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("coverage_series");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, nothing_is_known_at_first);
    tcase_add_test(tests, a_later_record_replaces_what_was_said_of_its_span);
    tcase_add_test(tests, what_is_open_goes_on_until_a_later_record);
    tcase_add_test(tests, of_what_is_left_nobody_knows_the_counts);
    tcase_add_test(tests, a_record_replaces_many);
    tcase_add_test(tests, neighbours_that_say_the_same_are_one);
    tcase_add_test(tests, proofs_are_added_exactly);
    tcase_add_test(tests, holes_and_what_was_backfilled_stay_apart);
    tcase_add_test(tests, texts_are_kept);
    tcase_add_test(tests, the_oldest_go_where_there_are_too_many);
    tcase_add_test(tests, older_records_go_before_newer_ones);
    tcase_add_test(tests, records_are_taken_and_invalid_ones_say_nothing);
    tcase_add_test(tests, a_span_is_complete_if_nothing_in_it_is_missing);
    tcase_add_loop_test(tests, any_records_are_folded_by_the_rule, 0, 200);
    return RUN_TESTS("coverage_series", tests);
}
