#include "connectord/witness/checked_until.h"
#include "tests/unit/connectord/witness/witness_journal.h"
#include "tests/unit/run_tests.h"

static void assert_minute(int64_t number)
{
    ck_assert_int_eq(checked_until(journal, trades, coverage), minute_at(number));
}

START_TEST(nothing_is_known_before_it_is_live)
{
    ck_assert_int_eq(checked_until(journal, trades, coverage), 0);
    put_coverage(COVERAGE_UNKNOWN, 10, 0);
    ck_assert_int_eq(checked_until(journal, trades, coverage), 0);
}
END_TEST

START_TEST(a_minute_in_which_it_began_is_none)
{
    put_coverage(COVERAGE_LIVE, 10, 0);
    ck_assert_int_eq(checked_until(journal, trades, coverage), 0); /* no trade yet: the exchange's clock is not known */
    put_trade(70, "1");
    assert_minute(1);
}
END_TEST

START_TEST(it_began_with_the_first_trade_where_that_is_older)
{
    put_coverage(COVERAGE_LIVE, 6000, 0);
    put_trade_late(70, 6001, "1");
    put_trade_late(72, 6001, "1");
    assert_minute(2);
}
END_TEST

START_TEST(it_goes_on_behind_what_was_said)
{
    put_coverage(COVERAGE_LIVE, 10, 0);
    put_trade(70, "1");
    put_coverage(COVERAGE_PROVED, 60, 180);
    assert_minute(3);
    put_coverage(COVERAGE_SHORT, 180, 240);
    assert_minute(4);
    put_coverage(COVERAGE_PROVED, 60, 120); /* one that was mended */
    assert_minute(4);
    journal_close(&journal);
    open_journal();
    assert_minute(4);
}
END_TEST

START_TEST(what_was_asked_for_afterwards_is_compared)
{
    put_coverage(COVERAGE_LIVE, 10, 0);
    put_trade(70, "1");
    put_coverage(COVERAGE_UNKNOWN, 100, 0);
    put_coverage(COVERAGE_BACKFILLED, 99, 400);
    put_coverage(COVERAGE_LIVE, 400, 0);
    put_coverage(COVERAGE_HOLE, 200, 210);
    assert_minute(1);
    put_coverage(COVERAGE_PROVED, 60, 120);
    put_coverage(COVERAGE_UNKNOWN, 500, 0);
    put_coverage(COVERAGE_HOLE, 500, 900);
    put_coverage(COVERAGE_LIVE, 900, 0);
    assert_minute(2);
}
END_TEST

START_TEST(what_nobody_knows_is_passed_over)
{
    put_coverage(COVERAGE_LIVE, 10, 0);
    put_trade(70, "1");
    put_coverage(COVERAGE_PROVED, 60, 120);
    put_coverage(COVERAGE_UNKNOWN, 130, 0); /* another source of the group was active */
    put_trade(135, "1");
    put_coverage(COVERAGE_LIVE, 610, 0);
    put_trade(620, "1");
    assert_minute(11);
}
END_TEST

START_TEST(of_many_records_the_last_ones_tell)
{
    put_coverage(COVERAGE_LIVE, 10, 0);
    put_trade(70, "1");
    for (int i = 1; i < 1500; i++)
        put_coverage(COVERAGE_SHORT, 60 * i, 60 * i + 60);
    assert_minute(1500);
    for (int i = 0; i < 1100; i++)
        put_coverage(COVERAGE_HOLE, 90100 + i, 90101 + i);
    assert_minute(1504);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nothing_is_known_before_it_is_live,
                                  a_minute_in_which_it_began_is_none,
                                  it_began_with_the_first_trade_where_that_is_older,
                                  it_goes_on_behind_what_was_said,
                                  what_was_asked_for_afterwards_is_compared,
                                  what_nobody_knows_is_passed_over,
                                  of_many_records_the_last_ones_tell};
    return RUN_TESTS("checked_until", TEST_CASE(set_up_journal, tear_down_journal, tests));
}
