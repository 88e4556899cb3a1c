/* Whether anything was traded while no connection was there: what shows it, and who asks when nothing does. */
#include "tests/unit/connectord/backfill/backfill_fixture.h"
#include "tests/unit/run_tests.h"

/* Trades up to 9 have come, and the connection is a new one. */
static void set_up_resumed(void)
{
    set_up();
    for (uint64_t id = 1; id < 10; id++)
        take(id, BACKFILL_LIVE);
    resume();
    ck_assert_int_eq(next_ms(), BACKFILL_GREETING_MS);
    words[0] = '\0';
}

/* --- nothing was missed, or it shows at once what was --- */

START_TEST(with_nothing_known_there_is_nothing_to_go_on_from)
{
    tear_down();
    set_up();
    resume();
    backfill_tail(&backfill, 20, now_ns);
    ck_assert(!backfill.busy);
    ck_assert_int_eq(next_ms(), -1);
    LIVE(20);
    check_said("20");
}
END_TEST

START_TEST(the_first_live_trade_shows_that_nothing_was_missed)
{
    LIVE(10);
    check_said("10 done 0/0");
    ck_assert_int_eq(next_ms(), -1);
}
END_TEST

START_TEST(a_repeated_last_one_shows_it_too)
{
    LIVE(9);
    check_said("done 0/0");
}
END_TEST

START_TEST(an_older_one_shows_nothing)
{
    LIVE(8);
    FORMER(7);
    backfill_tail(&backfill, 8, now_ns);
    check_said("");
    ck_assert(backfill.open);
}
END_TEST

START_TEST(a_tail_shows_that_nothing_was_missed)
{
    backfill_tail(&backfill, 9, now_ns);
    check_said("done 0/0");
}
END_TEST

START_TEST(the_first_live_trade_shows_what_was_missed)
{
    LIVE(12);
    ck_assert_int_eq(next_ms(), BACKFILL_REORDER_MS); /* no greeting need be waited for any longer */
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(10, 11, 12);
    check_said("10+ 11+ 12 done 2/0");
}
END_TEST

START_TEST(former_trades_fill_what_was_missed)
{
    FORMER(7, 8, 9, 10, 11);
    LIVE(12);
    check_said("10+ 11+ 12 done 2/0");
}
END_TEST

START_TEST(former_trades_alone_end_it_in_time)
{
    FORMER(8, 9, 10);
    check_said("10+");
    ck_assert_int_eq(ask_in_time(), -1);
    check_said("done 1/0");
    ck_assert_int_eq(next_ms(), -1);
}
END_TEST

START_TEST(former_trades_show_what_was_missed_before_them)
{
    FORMER(12, 13);
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(10, 11, 12, 13);
    check_said("10+ 11+ 12+ 13+ done 4/0");
}
END_TEST

/* --- a tail that is ahead --- */

START_TEST(a_tail_ahead_is_waited_for_and_then_asked_for)
{
    LIVE(10);
    check_said("10 done 0/0");
    backfill_tail(&backfill, 12, now_ns);
    ck_assert_uint_eq(backfill_missing(&backfill), 2);
    ck_assert_int_eq(next_ms(), BACKFILL_GREETING_MS);
    ck_assert_int_eq(ask_in_time(), 10);
    ANSWER(11, 12);
    check_said("11+ 12+ done 2/0");
    backfill_tail(&backfill, 12, now_ns);
    backfill_tail(&backfill, 3, now_ns);
    ck_assert_int_eq(next_ms(), -1);
}
END_TEST

START_TEST(the_trades_of_a_tail_may_come_behind_it)
{
    backfill_tail(&backfill, 11, now_ns);
    LIVE(10, 11);
    check_said("10 11 done 0/0");
}
END_TEST

START_TEST(a_tail_that_never_comes_is_a_hole)
{
    backfill_tail(&backfill, 11, now_ns);
    answer_nothing_until_given_up(10);
    check_said("hole 10-11 done 0/2");
    LIVE(12);
    check_said("12");
}
END_TEST

START_TEST(a_tail_behind_what_is_held_is_asked_for_in_the_end)
{
    LIVE(11);
    backfill_tail(&backfill, 13, now_ns);
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(10, 11);
    ck_assert_int_eq(ask_in_time(), 11);
    ANSWER(12, 13);
    check_said("10+ 11 12+ 13+ done 3/0");
}
END_TEST

/* --- the symbol is quiet: what has come is asked for --- */

START_TEST(an_empty_page_says_that_nothing_was_missed)
{
    ck_assert_int_eq(ask_in_time(), 9);
    check_said("");
    answer_nothing();
    check_said("done 0/0");
    ck_assert_int_eq(next_ms(), -1);
}
END_TEST

START_TEST(a_page_that_is_not_full_is_the_last)
{
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(11, 10, 12);
    check_said("10+ 11+ 12+ done 3/0");
}
END_TEST

START_TEST(behind_a_full_page_is_another)
{
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    ck_assert_int_eq(ask_in_time(), 19);
    answer_nothing();
    check_said("10+ 11+ 12+ 13+ 14+ 15+ 16+ 17+ 18+ 19+ done 10/0");
}
END_TEST

/* An exchange that is asked by time repeats those made at that time. */
START_TEST(a_full_page_may_begin_with_what_is_known)
{
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    ck_assert_int_eq(ask_in_time(), 16);
    ANSWER(15, 16, 17);
    check_said("10+ 11+ 12+ 13+ 14+ 15+ 16+ 17+ done 8/0");
}
END_TEST

START_TEST(a_full_page_of_what_is_known_is_the_last)
{
    past.page = 3;
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(7, 8, 9);
    check_said("done 0/0");
}
END_TEST

START_TEST(a_window_that_is_empty_is_the_last)
{
    past.window = true;
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    ck_assert_int_eq(ask_in_time(), 19);
    answer_nothing();
    check_said("10+ 11+ 12+ 13+ 14+ 15+ 16+ 17+ 18+ 19+ done 10/0");
}
END_TEST

START_TEST(what_a_page_leaves_out_is_asked_for)
{
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(11, 12);
    check_said("");
    for (int i = 1; i < BACKFILL_TRIES; i++) {
        ck_assert_int_eq(ask_in_time(), 9);
        answer_nothing();
    }
    check_said("hole 10-10@11 11+ 12+");
    ck_assert_int_eq(ask_in_time(), 12);
    answer_nothing();
    check_said("done 2/1");
}
END_TEST

START_TEST(an_answer_from_before_the_connection_does_not_show_the_tail)
{
    LIVE(12);
    ck_assert_int_eq(ask_in_time(), 9);
    resume(); /* lost, and back again */
    ANSWER(10, 11, 12);
    check_said("10+ 11+ 12");
    ck_assert_int_eq(ask_in_time(), 12);
    ANSWER(13, 14);
    check_said("13+ 14+ done 4/0");
}
END_TEST

/* --- nobody answers --- */

static void ask_in_vain(int times)
{
    ck_assert_int_eq(ask_in_time(), 9);
    for (int i = 0; i < times; i++) {
        answer_failed();
        ck_assert_int_eq(ask_in_time(), 9);
    }
}

START_TEST(whether_anything_was_missed_is_never_given_up)
{
    ask_in_vain(20);
    ANSWER(10);
    check_said("10+ done 1/0");
}
END_TEST

/* The exchange has long not answered, but nobody has asked it for that. */
START_TEST(what_shows_after_long_silence_is_asked_for_before_it_is_given_up)
{
    ask_in_vain(12);
    answer_failed();
    LIVE(12);
    ck_assert(ask_again());
    ANSWER(10, 11, 12);
    check_said("12 10+ 11+ done 2/0 late");
}
END_TEST

START_TEST(what_shows_after_long_silence_is_given_up_after_long_silence)
{
    ask_in_vain(12);
    LIVE(12);
    int64_t begun_ns = now_ns;
    fail_until_done();
    ck_assert_int_ge((int)((now_ns - begun_ns) / NS_PER_MS), PATIENCE_MS);
    check_said("12 hole 10-11 done 0/2");
}
END_TEST

/* The network was away, and is back. */
START_TEST(a_new_connection_begins_patience_again)
{
    LIVE(12);
    ck_assert_int_eq(ask_in_time(), 9);
    for (int pause_ms = BACKFILL_PAUSE_MS; pause_ms < BACKFILL_PAUSE_MAX_MS; pause_ms *= 2) {
        answer_failed();
        wait_ms(pause_ms);
        ck_assert_int_eq(ask(), 9);
    }
    answer_failed();
    resume();
    ck_assert_int_eq(next_ms(), BACKFILL_GREETING_MS); /* and no pause of half a minute */
    LIVE(14);
    ck_assert_int_eq(ask_in_time(), 9);
    ANSWER(10, 11, 12, 13, 14);
    check_said("12 14 10+ 11+ 13+ done 3/0 late");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {with_nothing_known_there_is_nothing_to_go_on_from,
                                  the_first_live_trade_shows_that_nothing_was_missed,
                                  a_repeated_last_one_shows_it_too,
                                  an_older_one_shows_nothing,
                                  a_tail_shows_that_nothing_was_missed,
                                  the_first_live_trade_shows_what_was_missed,
                                  former_trades_fill_what_was_missed,
                                  former_trades_alone_end_it_in_time,
                                  former_trades_show_what_was_missed_before_them,
                                  a_tail_ahead_is_waited_for_and_then_asked_for,
                                  the_trades_of_a_tail_may_come_behind_it,
                                  a_tail_that_never_comes_is_a_hole,
                                  a_tail_behind_what_is_held_is_asked_for_in_the_end,
                                  an_empty_page_says_that_nothing_was_missed,
                                  a_page_that_is_not_full_is_the_last,
                                  behind_a_full_page_is_another,
                                  a_full_page_may_begin_with_what_is_known,
                                  a_full_page_of_what_is_known_is_the_last,
                                  a_window_that_is_empty_is_the_last,
                                  what_a_page_leaves_out_is_asked_for,
                                  an_answer_from_before_the_connection_does_not_show_the_tail,
                                  whether_anything_was_missed_is_never_given_up,
                                  what_shows_after_long_silence_is_asked_for_before_it_is_given_up,
                                  what_shows_after_long_silence_is_given_up_after_long_silence,
                                  a_new_connection_begins_patience_again};
    return RUN_TESTS("backfill_resume", TEST_CASE(set_up_resumed, tear_down, tests));
}
