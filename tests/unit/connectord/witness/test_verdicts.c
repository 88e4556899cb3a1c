#include "connectord/witness/verdicts.h"
#include "tests/unit/connectord/witness/told_minutes.h"
#include "tests/unit/run_tests.h"

enum { ROOM = 200 };

static minute_sums_t *sums;
static verdicts_t verdicts;
static verdicts_counts_t counts;
static buffer_t told; /* "proved 0-3 2 1.5|short 3-4 1 0.5|": minutes, trades or missing ones, volume; "more 4|" */

static void set_up(void)
{
    sums = minute_sums_new(ROOM, false);
    told = buffer_new(0);
    verdicts = (verdicts_t){.next_ns = minute_at(0), .round = 1};
    counts = (verdicts_counts_t){0};
}

static void tear_down(void)
{
    minute_sums_destroy(&sums);
    buffer_release(&told);
    verdicts_release(&verdicts);
}

static int number_of(int64_t ns)
{
    return (int)((ns - FIRST_MINUTE) / MINUTE_NS);
}

static void on_tell(void *arg, const coverage_t *coverage)
{
    (void)arg;
    bool proved = coverage->state == COVERAGE_PROVED;
    text_t volume = proved ? coverage->volume : coverage->missing_volume;
    buffer_printf(&told, "%s %d-%d ", coverage_state_name(coverage->state), number_of(coverage->from_ns),
                  number_of(coverage->to_ns));
    if (proved || coverage->missing_known)
        buffer_append_u64(&told, proved ? coverage->trades : coverage->missing);
    else
        buffer_append(&told, TEXT("?"));
    buffer_printf(&told, " %.*s|", TEXT_ARG(volume));
}

static void on_more(void *arg, int64_t start_ns, const minute_sum_t *minute)
{
    (void)arg, (void)minute;
    buffer_printf(&told, "more %d|", number_of(start_ns));
}

static const verdicts_events_t events = {on_tell, on_more, NULL};

/* What is said of the minutes [from, to), and whether of all of them. */
static bool judge(int from, int to, const char *trades, const char *candles, const char *expected)
{
    buffer_clear(&told);
    minute_sums_begin(sums, minute_at(from), minute_at(to));
    tell_trades(sums, from, trades);
    tell_candles(sums, from, candles);
    bool all = verdicts_take(&verdicts, sums, INT64_MIN, &events, &counts);
    ck_assert_msg(text_equal(buffer_text(&told), text_of(expected)), "expected %s\nfound    %.*s", expected,
                  TEXT_ARG(buffer_text(&told)));
    return all;
}

START_TEST(minutes_that_agree_are_one_record)
{
    ck_assert(judge(0, 4, "1+0.5 2 - 3", "1.50/2 2/1 0/0 3/1", "proved 0-4 4 6.5|"));
    ck_assert_int_eq(verdicts.next_ns, minute_at(4));
    ck_assert_int_eq(verdicts_begin_ns(&verdicts), minute_at(4));
    ck_assert_uint_eq(counts.proved, 4);
}
END_TEST

START_TEST(one_trade_that_is_missing_is_told_exactly)
{
    judge(0, 5, "1 2 1+1 4 5", "1/1 2/1 2.015/3 4/1 5/1", "proved 0-2 2 3|short 2-3 1 0.015|proved 3-5 2 9|");
    judge(5, 6, "1", "1.5", "short 5-6 ? 0.5|");
    ck_assert_uint_eq(counts.falling_short, 2);
}
END_TEST

START_TEST(minutes_of_which_nothing_came_are_one_record)
{
    judge(0, 7, "- - 1 - - - 5", "2/1 3/2 2/2 4/1 0/0 6/3 5/1",
          "short 0-2 3 5|short 2-3 1 1|short 3-4 1 4|proved 4-5 0 0|short 5-6 3 6|proved 6-7 1 5|");
}
END_TEST

START_TEST(where_more_came_nothing_is_said)
{
    judge(0, 3, "1 2 3", "1/1 1.5/1 3/1", "proved 0-1 1 1|more 1|proved 2-3 1 3|");
    ck_assert_uint_eq(counts.contradicted, 1);
    ck_assert_int_eq(verdicts.next_ns, minute_at(3));
    verdicts.round++;
    ck_assert_int_eq(verdicts_begin_ns(&verdicts), minute_at(3));
}
END_TEST

START_TEST(what_the_exchange_does_not_say_yet_is_asked_again)
{
    ck_assert(!judge(0, 4, "1 - 3 4", "1 - - -", "proved 0-2 1 1|"));
    ck_assert_int_eq(verdicts.next_ns, minute_at(2));
    ck_assert(judge(2, 4, "3 4", "3 4", "proved 2-4 2 7|"));
}
END_TEST

START_TEST(a_short_minute_is_compared_once_more)
{
    judge(0, 3, "1 1 3", "1 2 3", "proved 0-1 1 1|short 1-2 ? 1|proved 2-3 1 3|");
    ck_assert_int_eq(verdicts_begin_ns(&verdicts), minute_at(3));
    verdicts.round++;
    ck_assert_int_eq(verdicts_begin_ns(&verdicts), minute_at(1));
    ck_assert(judge(1, 5, "1+1 3 4 5", "2 3 4 5", "proved 1-2 2 2|proved 3-5 2 9|")); /* a late trade has mended it */
    verdicts.round++;
    ck_assert_int_eq(verdicts_begin_ns(&verdicts), minute_at(5));
}
END_TEST

START_TEST(one_that_stays_short_is_told_once)
{
    judge(0, 2, "1 1", "1 2", "proved 0-1 1 1|short 1-2 ? 1|");
    verdicts.round++;
    judge(1, 3, "1 3", "2 3", "proved 2-3 1 3|");
    ck_assert_uint_eq(counts.falling_short, 1);
    verdicts.round++;
    ck_assert_int_eq(verdicts_begin_ns(&verdicts), minute_at(3));
    judge(3, 4, "1", "4", "short 3-4 ? 3|");
    verdicts.round++;
    judge(3, 5, "1+1 2", "4 2", "short 3-4 ? 2|proved 4-5 1 2|"); /* but once more if it is less now */
    verdicts.round++;
    ck_assert_int_eq(verdicts_begin_ns(&verdicts), minute_at(5));
}
END_TEST

START_TEST(what_has_left_the_journal_is_passed_over)
{
    minute_sums_begin(sums, minute_at(0), minute_at(4));
    tell_trades(sums, 1, "1 2 3");
    tell_candles(sums, 0, "1 2 2 3");
    ck_assert(verdicts_take(&verdicts, sums, minute_at(1) + 1, &events, &counts));
    ck_assert_msg(text_equal(buffer_text(&told), TEXT("proved 2-4 2 5|")), "%.*s", TEXT_ARG(buffer_text(&told)));
    minute_sums_begin(sums, minute_at(4), minute_at(6));
    tell_candles(sums, 4, "1 2");
    buffer_clear(&told);
    ck_assert(verdicts_take(&verdicts, sums, INT64_MAX, &events, &counts));
    ck_assert_uint_eq(told.length, 0);
    ck_assert_int_eq(verdicts.next_ns, minute_at(6));
}
END_TEST

START_TEST(so_many_are_compared_once_more_and_no_others)
{
    minute_sums_begin(sums, minute_at(0), minute_at(ROOM));
    for (int i = 0; i < ROOM; i++) {
        tell_trades(sums, i, "1");
        tell_candles(sums, i, "2");
    }
    ck_assert(verdicts_take(&verdicts, sums, INT64_MIN, &events, &counts));
    ck_assert_uint_eq(counts.falling_short, ROOM);
    ck_assert_uint_eq(verdicts.short_count, SHORT_MINUTES_MAX);
    verdicts.round++;
    ck_assert_int_eq(verdicts_begin_ns(&verdicts), minute_at(0));
    judge(ROOM, ROOM + 1, "1", "1", "proved 200-201 1 1|"); /* it is too late for those before */
    ck_assert_uint_eq(verdicts.short_count, 0);
    ck_assert_int_eq(verdicts_begin_ns(&verdicts), minute_at(ROOM + 1));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("verdicts");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, minutes_that_agree_are_one_record);
    tcase_add_test(tcase, one_trade_that_is_missing_is_told_exactly);
    tcase_add_test(tcase, minutes_of_which_nothing_came_are_one_record);
    tcase_add_test(tcase, where_more_came_nothing_is_said);
    tcase_add_test(tcase, what_the_exchange_does_not_say_yet_is_asked_again);
    tcase_add_test(tcase, a_short_minute_is_compared_once_more);
    tcase_add_test(tcase, one_that_stays_short_is_told_once);
    tcase_add_test(tcase, what_has_left_the_journal_is_passed_over);
    tcase_add_test(tcase, so_many_are_compared_once_more_and_no_others);
    return RUN_TESTS("verdicts", tcase);
}
