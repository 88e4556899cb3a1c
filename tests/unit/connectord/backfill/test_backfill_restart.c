/* What is known from before the start; and an exchange that counts from elsewhere. */
#include "tests/unit/connectord/backfill/backfill_fixture.h"
#include "tests/unit/run_tests.h"

START_TEST(had_trades_are_known_and_what_they_leave_out_is_not)
{
    backfill_had(&backfill, 5, numbered_trade_ns(5));
    backfill_had(&backfill, 20, numbered_trade_ns(20));
    backfill_had(&backfill, 7, numbered_trade_ns(7));
    backfill_forget(&backfill, (id_range_t){.from = 9, .to = 20});
    ck_assert_int_eq(next_ms(), -1);
    ck_assert_uint_eq(backfill_missing(&backfill), 2);
    resume();
    ck_assert_int_eq(ask_in_time(), 5);
    ANSWER(6, 7, 8, 9, 10, 20, 21);
    check_said("6+ 8+ 21+ done 3/0 late");
}
END_TEST

START_TEST(after_a_restart_the_ids_go_on_from_elsewhere)
{
    LIVE(100, 103);
    backfill_restart(&backfill, 5);
    check_said("100 103 done 0/0");
    LIVE(5, 6, 8);
    check_said("5 6");
    ck_assert_int_eq(ask_in_time(), 6);
    backfill_restart(&backfill, 0);
    answer_nothing();
    LIVE(50, 51);
    check_said("8 done 0/0 50 51");
}
END_TEST

START_TEST(a_place_behind_a_restart_has_a_time)
{
    past_place_t place;
    LIVE(100);
    backfill_restart(&backfill, 5);
    LIVE(6);
    wait_ms(BACKFILL_REORDER_MS);
    ck_assert(backfill_due(&backfill, now_ns, &place));
    ck_assert_uint_eq(place.id, 4);
    ck_assert_int_eq(place.time_ns, numbered_trade_ns(100)); /* earlier than whatever comes now, but not 1970 */
}
END_TEST

/* The answer is of another numbering. */
START_TEST(what_was_asked_before_a_restart_does_not_matter)
{
    LIVE(100, 103);
    ck_assert_int_eq(ask_in_time(), 100);
    backfill_restart(&backfill, 0);
    check_said("100 103");
    ck_assert(!take(101, BACKFILL_ASKED));
    LIVE(5);
    ck_assert(!take(102, BACKFILL_ASKED));
    ck_assert(!backfill.late);
    LIVE(7);
    answer_nothing();
    check_said("5");
    ck_assert_int_eq(ask_in_time(), 5);
    ANSWER(6, 7);
    check_said("6+ 7 done 1/0");
}
END_TEST

START_TEST(a_question_that_was_taken_back_is_asked_again)
{
    LIVE(1, 3);
    ck_assert_int_eq(ask_in_time(), 1);
    backfill_cancelled(&backfill);
    ck_assert_int_eq(ask_in_time(), 1);
    ANSWER(2);
    check_said("1 2+ 3 done 1/0");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {had_trades_are_known_and_what_they_leave_out_is_not,
                                  after_a_restart_the_ids_go_on_from_elsewhere, a_place_behind_a_restart_has_a_time,
                                  what_was_asked_before_a_restart_does_not_matter,
                                  a_question_that_was_taken_back_is_asked_again};
    return RUN_TESTS("backfill_restart", TEST_CASE(set_up, tear_down, tests));
}
