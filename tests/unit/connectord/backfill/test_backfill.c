/* Each way through the states that backfill.h has drawn. */
#include "tests/unit/connectord/backfill/backfill_fixture.h"
#include "tests/unit/run_tests.h"

/* --- flowing --- */

START_TEST(what_comes_in_order_flows)
{
    ck_assert(take(5, BACKFILL_LIVE));
    ck_assert(take(6, BACKFILL_LIVE));
    ck_assert(!take(6, BACKFILL_LIVE));
    ck_assert(!take(5, BACKFILL_LIVE));
    ck_assert(!take(2, BACKFILL_LIVE));
    ck_assert_int_eq(next_ms(), -1);
    ck_assert_int_eq(ask(), -1);
    ck_assert_uint_eq(backfill_missing(&backfill), 0);
    check_said("5 6");
}
END_TEST

START_TEST(what_comes_a_little_later_is_only_waited_for)
{
    LIVE(1, 3, 4);
    check_said("1");
    ck_assert_uint_eq(backfill_missing(&backfill), 1);
    ck_assert(!take(4, BACKFILL_LIVE)); /* it is held */
    ck_assert_int_eq(next_ms(), BACKFILL_REORDER_MS);
    wait_ms(BACKFILL_REORDER_MS - 1);
    ck_assert_int_eq(ask(), -1);
    LIVE(2, 5);
    check_said("2 3 4 done 0/0 5");
    ck_assert_int_eq(next_ms(), -1);
}
END_TEST

START_TEST(a_former_trade_flows_as_if_it_had_been_asked_for)
{
    FORMER(3, 4);
    LIVE(5);
    check_said("3+ 4+ 5");
}
END_TEST

/* --- holding --- */

START_TEST(a_hole_is_filled_in_order)
{
    LIVE(1, 5, 6);
    ck_assert_uint_eq(backfill_missing(&backfill), 3);
    ck_assert_int_eq(ask_in_time(), 1);
    ck_assert_int_eq(ask(), -1); /* one question at a time */
    LIVE(7);
    ANSWER(2, 3, 4, 5, 6);
    LIVE(8);
    check_said("1 2+ 3+ 4+ 5 6 7 done 3/0 8");
    ck_assert_int_eq(next_ms(), -1);
}
END_TEST

START_TEST(a_question_says_where_and_when_it_begins)
{
    past_place_t place;
    LIVE(1, 5);
    wait_ms(BACKFILL_REORDER_MS);
    ck_assert(backfill_due(&backfill, now_ns, &place));
    ck_assert_uint_eq(place.id, 1);
    ck_assert_int_eq(place.time_ns, numbered_trade_ns(1));
    ck_assert(backfill_due(&backfill, now_ns, &place)); /* as long as it is not asked */
}
END_TEST

START_TEST(page_follows_page)
{
    LIVE(1, 25);
    ck_assert_int_eq(ask_in_time(), 1);
    ANSWER(2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    ck_assert_int_eq(next_ms(), 0);
    ck_assert_int_eq(ask(), 11);
    ANSWER(12, 13, 14, 15, 16, 17, 18, 19, 20, 21);
    ck_assert_uint_eq(backfill_missing(&backfill), 3);
    ck_assert_int_eq(ask(), 21);
    check_said("1 2+ 3+ 4+ 5+ 6+ 7+ 8+ 9+ 10+ 11+ 12+ 13+ 14+ 15+ 16+ 17+ 18+ 19+ 20+ 21+");
    ANSWER(22, 23, 24, 25);
    check_said("22+ 23+ 24+ 25 done 23/0");
}
END_TEST

START_TEST(a_page_is_in_any_order_and_says_what_is_known)
{
    LIVE(1, 2, 8, 9);
    ck_assert_int_eq(ask_in_time(), 2);
    ANSWER(7, 3, 9, 1, 6, 2, 4, 4, 5);
    check_said("1 2 3+ 4+ 5+ 6+ 7+ 8 9 done 5/0");
}
END_TEST

START_TEST(a_trade_that_is_left_out_comes_the_next_time)
{
    LIVE(1, 6);
    ck_assert_int_eq(ask_in_time(), 1);
    ANSWER(2, 3, 5);
    check_said("1 2+ 3+");
    ck_assert_int_eq(next_ms(), 0); /* there was something new: it is asked at once */
    ck_assert_int_eq(ask(), 3);
    ANSWER(5, 6);
    ck_assert_int_eq(next_ms(), BACKFILL_PAUSE_MS);
    ck_assert_int_eq(ask_in_time(), 3);
    ANSWER(4, 5, 6);
    check_said("4+ 5+ 6 done 4/0");
}
END_TEST

START_TEST(another_line_has_what_is_missing)
{
    LIVE(1, 4);
    ck_assert_int_eq(ask_in_time(), 1);
    LIVE(2, 3);
    check_said("1 2 3 4"); /* it ends when the question does */
    LIVE(5);
    ANSWER(2, 3, 4);
    check_said("5 done 0/0");
}
END_TEST

START_TEST(several_holes_are_filled_one_after_the_other)
{
    LIVE(1, 3, 5, 30);
    ck_assert_int_eq(ask_in_time(), 1);
    ANSWER(2, 3, 4, 5, 6);
    ck_assert_int_eq(ask(), 6);
    check_said("1 2+ 3 4+ 5 6+");
    answer_nothing();
    for (int id = 7; id < 30; id++)
        take((uint64_t)id, BACKFILL_LIVE);
    ck_assert_ptr_nonnull(strstr(words, "7 8 9 "));
    ck_assert_ptr_nonnull(strstr(words, "28 29 30 done 3/0 "));
    ck_assert_int_eq(next_ms(), -1);
}
END_TEST

/* --- late --- */

START_TEST(after_the_hold_what_is_held_is_published_and_the_rest_late)
{
    LIVE(1, 4);
    ck_assert_int_eq(ask_in_time(), 1);
    ck_assert_int_eq(next_ms(), HOLD_MS - BACKFILL_REORDER_MS);
    wait_ms(HOLD_MS - BACKFILL_REORDER_MS);
    ck_assert_int_eq(ask(), -1);
    check_said("1 4");
    ck_assert(backfill.late);
    ck_assert_int_eq(next_ms(), -1); /* the question is out */
    LIVE(5, 7);                      /* nothing is held any longer */
    check_said("5 7");
    ck_assert_uint_eq(backfill_missing(&backfill), 3);
    ck_assert(!take(4, BACKFILL_LIVE));
    ANSWER(3, 2, 4, 5);
    check_said("3+ 2+");
    ck_assert_int_eq(ask_in_time(), 5);
    ANSWER(6, 7);
    check_said("6+ done 3/0 late");
    ck_assert(!backfill.late);
    LIVE(8, 10);
    check_said("8"); /* a new hold */
}
END_TEST

START_TEST(a_hold_is_counted_from_the_first_that_is_held)
{
    config.hold_ms = 50;
    LIVE(1, 3);
    wait_ms(30);
    LIVE(4);
    ck_assert_int_eq(next_ms(), 20);
    wait_ms(20);
    ck_assert_int_eq(ask(), -1);
    check_said("1 3 4");
    ck_assert_int_eq(ask_in_time(), 1);
}
END_TEST

START_TEST(too_many_are_not_held)
{
    LIVE(1);
    for (uint64_t id = 3; id < 3 + BACKFILL_HELD_MAX; id++)
        take(id, BACKFILL_LIVE);
    check_said("1");
    ck_assert_uint_eq(held_trades_count(&backfill.held), BACKFILL_HELD_MAX);
    take(3 + BACKFILL_HELD_MAX, BACKFILL_LIVE);
    ck_assert_uint_eq(held_trades_count(&backfill.held), 0);
    ck_assert(backfill.late);
    ck_assert_int_eq(strncmp(words, "3 4 5 ", 6), 0);
    words[0] = '\0';
    LIVE(2);
    check_said("2 done 0/0 late");
}
END_TEST

/* --- what never comes --- */

START_TEST(what_never_comes_is_given_up_after_some_tries)
{
    LIVE(1, 4);
    answer_nothing_until_given_up(2);
    check_said("1 hole 2-3@4 4 done 0/2");
    LIVE(5);
    check_said("5");
    ck_assert(!take(2, BACKFILL_LIVE));
}
END_TEST

START_TEST(the_pauses_between_tries_grow)
{
    LIVE(1, 4);
    ck_assert_int_eq(ask_in_time(), 1);
    answer_nothing();
    for (int pause_ms = BACKFILL_PAUSE_MS; pause_ms <= 4 * BACKFILL_PAUSE_MS; pause_ms *= 2) {
        ck_assert_int_eq(next_ms(), pause_ms);
        LIVE(5); /* what comes meanwhile does not shorten them */
        ck_assert_int_eq(next_ms(), pause_ms);
        ck_assert_int_eq(ask_in_time(), 1);
        answer_nothing();
    }
    check_said("1 hole 2-3@4 4 5 done 0/2");
}
END_TEST

START_TEST(only_what_is_not_given_is_given_up)
{
    config.hold_ms = 60000;
    LIVE(1, 10);
    ck_assert_int_eq(ask_in_time(), 1);
    ANSWER(2, 5, 6, 9, 10);
    check_said("1 2+");
    answer_nothing_until_given_up(3);
    check_said("hole 3-4@5 5+ 6+");
    answer_nothing_until_given_up(7);
    check_said("hole 7-8@9 9+ 10 done 4/4");
}
END_TEST

START_TEST(what_each_answer_has_passed_over_is_given_up_together)
{
    config.hold_ms = 60000;
    LIVE(1, 4, 7);
    for (int i = 0; i < BACKFILL_TRIES; i++) {
        ck_assert_int_eq(ask_in_time(), 1);
        if (i == 1)
            LIVE(10); /* the first answer did not reach so far */
        ANSWER(4, 7);
    }
    check_said("1 hole 2-3@4 4 hole 5-6@7 7");
    answer_nothing_until_given_up(8);
    check_said("hole 8-9@10 10 done 0/6");
}
END_TEST

START_TEST(what_is_given_up_late_has_bounds_too)
{
    config.hold_ms = 50;
    LIVE(1, 4);
    wait_ms(50);
    ck_assert_int_eq(ask(), -1);
    answer_nothing_until_given_up(2);
    check_said("1 4 hole 2-3 done 0/2");
}
END_TEST

START_TEST(a_window_is_given_up_at_a_time)
{
    past.window = true;
    config.hold_ms = 60000;
    LIVE(1, 25);
    answer_nothing_until_given_up(2);
    check_said("1 hole 2-11");
    for (int i = 0; i < BACKFILL_TRIES; i++) {
        ck_assert_int_eq(ask_in_time(), 11);
        ANSWER(20, 21);
    }
    check_said("hole 12-19@20 20+ 21+");
    answer_nothing_until_given_up(22);
    check_said("hole 22-24@25 25 done 2/21");
}
END_TEST

/* Of what lies before an id that makes no sense the live ones are always the first. */
START_TEST(live_trades_do_not_prolong_the_asking)
{
    config.hold_ms = 60000;
    LIVE(1, 1000);
    for (int i = 0; i < BACKFILL_TRIES; i++) {
        ck_assert_int_eq(ask_in_time(), i + 1);
        LIVE(i + 2);
        answer_nothing();
    }
    check_said("1 2 3 4 5 hole 6-999@1000 1000 done 0/994");
}
END_TEST

/* --- an exchange that does not answer --- */

START_TEST(who_does_not_answer_is_asked_again_with_growing_pauses)
{
    static const int pauses_ms[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000};
    config = (backfill_config_t){HOLD_MS, 1000000};
    LIVE(1, 3);
    ck_assert_int_eq(ask_in_time(), 1);
    for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
        answer_failed();
        ck_assert_int_eq((int)((backfill.ask_ns - now_ns) / NS_PER_MS), pauses_ms[i]);
        wait_ms(pauses_ms[i]);
        ck_assert_int_eq(ask(), 1);
    }
    ANSWER(2);
    check_said("1 3 2+ done 1/0 late");
}
END_TEST

START_TEST(patience_ends)
{
    LIVE(1, 3, 6);
    ck_assert_int_eq(ask_in_time(), 1);
    int64_t begun_ns = now_ns;
    fail_until_done();
    ck_assert_int_ge((int)((now_ns - begun_ns) / NS_PER_MS), PATIENCE_MS);
    check_said("1 3 6 hole 2-2 hole 4-5 done 0/3");
    ck_assert_int_eq(next_ms(), -1);
}
END_TEST

START_TEST(an_answer_renews_patience)
{
    config = (backfill_config_t){60000, 2000};
    LIVE(1, 4);
    ck_assert_int_eq(ask_in_time(), 1);
    for (int i = 0; i < BACKFILL_TRIES; i++) {
        answer_failed();
        ck_assert_int_eq(ask_in_time(), 1);
        answer_failed();
        wait_ms(1000);
        ck_assert_int_eq(ask(), 1);
        if (i < BACKFILL_TRIES - 1)
            answer_nothing();
        else
            ANSWER(2, 3);
        ask_again();
    }
    check_said("1 2+ 3+ 4 done 2/0");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {what_comes_in_order_flows,
                                  what_comes_a_little_later_is_only_waited_for,
                                  a_former_trade_flows_as_if_it_had_been_asked_for,
                                  a_hole_is_filled_in_order,
                                  a_question_says_where_and_when_it_begins,
                                  page_follows_page,
                                  a_page_is_in_any_order_and_says_what_is_known,
                                  a_trade_that_is_left_out_comes_the_next_time,
                                  another_line_has_what_is_missing,
                                  several_holes_are_filled_one_after_the_other,
                                  after_the_hold_what_is_held_is_published_and_the_rest_late,
                                  a_hold_is_counted_from_the_first_that_is_held,
                                  too_many_are_not_held,
                                  what_never_comes_is_given_up_after_some_tries,
                                  the_pauses_between_tries_grow,
                                  only_what_is_not_given_is_given_up,
                                  what_each_answer_has_passed_over_is_given_up_together,
                                  what_is_given_up_late_has_bounds_too,
                                  a_window_is_given_up_at_a_time,
                                  live_trades_do_not_prolong_the_asking,
                                  who_does_not_answer_is_asked_again_with_growing_pauses,
                                  patience_ends,
                                  an_answer_renews_patience};
    return RUN_TESTS("backfill", TEST_CASE(set_up, tear_down, tests));
}
