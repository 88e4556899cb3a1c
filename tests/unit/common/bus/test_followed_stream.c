/* What a stream hands over: holes, repairs, epochs. */
#include "tests/unit/common/bus/followed_stream_fixture.h"
#include "tests/unit/run_tests.h"

START_TEST(trades_in_order_are_handed_over_at_once)
{
    following_behind(0);
    live(1), live(2), live(3);
    ck_assert_str_eq(told, "1 2 3");
    ck_assert(!followed_stream_needs_repair(stream));
}
END_TEST

START_TEST(what_was_had_is_dropped)
{
    following_behind(4);
    live(4), live(5), live(5), live(1), live(6);
    ck_assert_str_eq(told, "5 6");
    ck_assert_uint_eq(counts.duplicates, 3);
}
END_TEST

START_TEST(a_hole_is_repaired_before_what_came_behind_it)
{
    following_behind(0);
    live(1), live(4), live(5);
    ck_assert_str_eq(told, "1");
    expect_request(2);
    live(6);
    ck_assert(answer(2, 3));
    ck_assert_str_eq(told, "1 2 3 4 5 6");
    live(7);
    ck_assert_str_eq(told, "1 2 3 4 5 6 7");
    ck_assert_uint_eq(counts.gaps_seen, 1);
    ck_assert_uint_eq(counts.gaps_lost, 0);
}
END_TEST

START_TEST(a_heartbeat_shows_a_lost_last_trade)
{
    following_behind(0);
    live(1);
    reaches(1);
    ck_assert(!followed_stream_needs_repair(stream));
    reaches(2);
    expect_request(2);
    ck_assert(answer(2, 2));
    ck_assert_str_eq(told, "1 2");
}
END_TEST

START_TEST(a_second_hole_during_a_repair_is_repaired_too)
{
    following_behind(0);
    live(3);
    expect_request(1);
    live(4), live(7), live(8);
    ck_assert(answer(1, 2));
    ck_assert_str_eq(told, "1 2 3 4");
    expect_request(5);
    ck_assert(answer(5, 8));
    ck_assert_str_eq(told, "1 2 3 4 5 6 7 8");
    ck_assert(!followed_stream_needs_repair(stream));
}
END_TEST

START_TEST(an_answer_of_several_pages_is_asked_for_page_by_page)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 0});
    expect_request(1);
    ck_assert(answer_in(EPOCH, 1, 3, true));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
    expect_request(4);
    ck_assert(answer_in(EPOCH, 4, 5, false));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert_str_eq(told, "1 2 3 4 5");
}
END_TEST

START_TEST(what_replay_does_not_have_is_told_as_a_gap_in_its_place)
{
    following_behind(0);
    live(1), live(9);
    expect_request(2);
    ck_assert(answer(5, 7)); /* 2 to 4 are gone, and so is 8 */
    ck_assert_str_eq(told, "1 [2-4] 5 6 7 [8-8] 9");
    reaches(10);
    expect_request(10);
    ck_assert(answer(1, 0));
    live(11);
    ck_assert_str_eq(told, "1 [2-4] 5 6 7 [8-8] 9 [10-10] 11");
    ck_assert_uint_eq(counts.gaps_lost, 5);
}
END_TEST

START_TEST(a_fresh_stream_begins_with_the_first_that_the_journal_has_and_tells_no_gap)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 0});
    stream->fresh = true;
    reaches(103);
    expect_request(1);
    ck_assert(answer(101, 103));
    ck_assert_str_eq(told, "101 102 103");
    live(105);
    expect_request(104);
    ck_assert(answer(1, 0));
    ck_assert_str_eq(told, "101 102 103 [104-104] 105");
}
END_TEST

START_TEST(no_answer_changes_nothing_and_what_needs_no_repair_goes_on)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 5});
    expect_request(6);
    live(6), live(7);
    ck_assert_str_eq(told, "6 7");
    ck_assert(!followed_stream_repaired(stream, (text_t){0}));
    ck_assert(followed_stream_needs_repair(stream)); /* to know what was there at the start */
    live(8);
    ck_assert_str_eq(told, "6 7 8");
}
END_TEST

START_TEST(an_answer_that_is_none_is_of_no_use)
{
    following_behind(0);
    live(3);
    const char *junk[] = {"",
                          "junk",
                          "{}",
                          "{\"ok\":false,\"error\":{\"code\":\"x\",\"message\":\"y\"}}",
                          "{\"ok\":true,\"trades\":[{\"epoch\":1}],\"missing\":0}",
                          "{\"ok\":true,\"trades\":7}"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        expect_request(1);
        ck_assert_msg(!followed_stream_repaired(stream, text_of(junk[i])), "%s", junk[i]);
    }
    ck_assert_str_eq(told, "");
    expect_request(1);
    ck_assert(answer(1, 2));
    ck_assert_str_eq(told, "1 2 3");
}
END_TEST

START_TEST(a_page_that_brings_nothing_new_does_not_make_a_busy_loop)
{
    following_behind(0);
    live(3);
    expect_request(1);
    ck_assert_msg(!answer_in(EPOCH, 1, 0, true), "an empty page with a next is unusable");
}
END_TEST

START_TEST(a_new_epoch_begins_at_one_and_is_told)
{
    following_behind(0);
    live(1), live(2);
    live_in(2000, 2);
    ck_assert_str_eq(told, "1 2 [3-e2000]");
    expect_request(1);
    ck_assert(answer_in(2000, 1, 2, false));
    ck_assert_str_eq(told, "1 2 [3-e2000] e2000 1 2");
    live(3);
    ck_assert_str_eq(told, "1 2 [3-e2000] e2000 1 2");
}
END_TEST

START_TEST(an_answer_of_the_old_epoch_does_not_skip_in_the_new_one)
{
    following_behind(0);
    live(9);
    expect_request(1);
    followed_stream_reaches(stream, (cursor_t){2000, 4});
    ck_assert(answer(1, 9));
    ck_assert_str_eq(told, "[1-e2000]");
    expect_request(1);
    ck_assert(answer_in(2000, 1, 4, false));
    ck_assert_str_eq(told, "[1-e2000] e2000 1 2 3 4");
}
END_TEST

START_TEST(less_than_was_had_is_not_taken_for_it_and_makes_the_stream_ahead)
{
    following_behind(0);
    live(1), live(2), live(3);
    reaches(3);
    ck_assert(!stream->ahead);
    reaches(2);
    ck_assert(stream->ahead);
    followed_stream_reaches(stream, (cursor_t){EPOCH - 1, 9});
    ck_assert(stream->ahead);
    live_in(EPOCH - 1, 10);
    ck_assert_str_eq(told, "1 2 3");
    followed_stream_reaches(stream, (cursor_t){2000, 0});
    ck_assert(!stream->ahead);
    live_in(2000, 1);
    ck_assert_str_eq(told, "1 2 3 [4-e2000] e2000 1");
}
END_TEST

START_TEST(a_bus_that_lags_behind_replay_does_not_leave_it_ahead)
{
    following_behind(0);
    live(1), live(2), live(3);
    reaches(1);
    ck_assert(stream->ahead);
    reaches(3);
    ck_assert(!stream->ahead);
}
END_TEST

START_TEST(a_renewed_journal_goes_on_without_a_trade_lost_or_twice)
{
    following_behind(40);
    live(41), live(42);
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    ck_assert_str_eq(told, "41 42 (40=0 in e2000)");
    followed_stream_reaches(stream, (cursor_t){2000, 2});
    ck_assert(!followed_stream_needs_repair(stream));
    live_in(2000, 3);
    ck_assert_str_eq(told, "41 42 (40=0 in e2000) e2000 3");
    ck_assert_uint_eq(counts.gaps_lost, 0);
}
END_TEST

START_TEST(who_was_ahead_of_a_journal_takes_the_renewed_one_from_its_beginning)
{
    following_behind(70);
    reaches(42);
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    ck_assert_str_eq(told, "");
    followed_stream_reaches(stream, (cursor_t){2000, 2});
    expect_request(1);
    ck_assert(answer_in(2000, 1, 2, false));
    ck_assert_str_eq(told, "[71-e2000] e2000 1 2");
}
END_TEST

START_TEST(who_lags_behind_what_goes_on_takes_the_renewed_journal_from_its_beginning)
{
    following_behind(30);
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    followed_stream_reaches(stream, (cursor_t){2000, 2});
    expect_request(1);
    ck_assert(answer_in(2000, 1, 2, false));
    ck_assert_str_eq(told, "[31-e2000] e2000 1 2");
}
END_TEST

/* How the epoch goes on is in the status, which may come behind the answer. */
START_TEST(an_answer_of_a_later_epoch_waits_for_the_bus_to_tell_of_it)
{
    following_behind(40);
    live(41);
    live(43);
    expect_request(42);
    ck_assert(!answer_in(2000, 1, 3, false));
    ck_assert_str_eq(told, "41");
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    followed_stream_reaches(stream, (cursor_t){2000, 3});
    expect_request(2);
    ck_assert(answer_in(2000, 2, 3, false));
    ck_assert_str_eq(told, "41 (40=0 in e2000) e2000 2 3");
}
END_TEST

START_TEST(more_than_can_be_held_comes_by_the_next_repair)
{
    enum { LAST = 20000 };
    following_behind(0);
    live(2);
    expect_request(1);
    for (uint64_t seq = 3; seq <= LAST; seq++)
        live(seq);
    ck_assert_uint_le(stream->held.capacity, 2 * FOLLOWED_STREAM_HELD_BYTES);
    ck_assert(answer(1, 1));
    uint64_t next = stream->next.seq;
    ck_assert_uint_gt(next, 1000);
    ck_assert_uint_lt(next, LAST);
    expect_request(next);
    for (uint64_t from = next; from <= LAST; from += FOLLOWED_STREAM_PAGE) {
        told[0] = '\0';
        uint64_t last = from + FOLLOWED_STREAM_PAGE - 1 < LAST ? from + FOLLOWED_STREAM_PAGE - 1 : LAST;
        ck_assert(answer_in(EPOCH, from, last, last < LAST));
        stream->repair = 1;
    }
    ck_assert_uint_eq(counts.trades, LAST);
    ck_assert_uint_eq(counts.gaps_lost, 0);
}
END_TEST

START_TEST(after_the_end_nothing_is_handed_over)
{
    following_behind(0);
    live(1), live(4);
    followed_stream_end(stream);
    ck_assert(!followed_stream_needs_repair(stream));
    reaches(10);
    following_behind(10);
    live(11);
    ck_assert_str_eq(told, "1 11");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("followed_stream");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, trades_in_order_are_handed_over_at_once);
    tcase_add_test(tests, what_was_had_is_dropped);
    tcase_add_test(tests, a_hole_is_repaired_before_what_came_behind_it);
    tcase_add_test(tests, a_heartbeat_shows_a_lost_last_trade);
    tcase_add_test(tests, a_second_hole_during_a_repair_is_repaired_too);
    tcase_add_test(tests, an_answer_of_several_pages_is_asked_for_page_by_page);
    tcase_add_test(tests, what_replay_does_not_have_is_told_as_a_gap_in_its_place);
    tcase_add_test(tests, a_fresh_stream_begins_with_the_first_that_the_journal_has_and_tells_no_gap);
    tcase_add_test(tests, no_answer_changes_nothing_and_what_needs_no_repair_goes_on);
    tcase_add_test(tests, an_answer_that_is_none_is_of_no_use);
    tcase_add_test(tests, a_page_that_brings_nothing_new_does_not_make_a_busy_loop);
    tcase_add_test(tests, a_new_epoch_begins_at_one_and_is_told);
    tcase_add_test(tests, an_answer_of_the_old_epoch_does_not_skip_in_the_new_one);
    tcase_add_test(tests, less_than_was_had_is_not_taken_for_it_and_makes_the_stream_ahead);
    tcase_add_test(tests, a_bus_that_lags_behind_replay_does_not_leave_it_ahead);
    tcase_add_test(tests, a_renewed_journal_goes_on_without_a_trade_lost_or_twice);
    tcase_add_test(tests, who_was_ahead_of_a_journal_takes_the_renewed_one_from_its_beginning);
    tcase_add_test(tests, who_lags_behind_what_goes_on_takes_the_renewed_journal_from_its_beginning);
    tcase_add_test(tests, an_answer_of_a_later_epoch_waits_for_the_bus_to_tell_of_it);
    tcase_add_test(tests, more_than_can_be_held_comes_by_the_next_repair);
    tcase_add_test(tests, after_the_end_nothing_is_handed_over);
    return RUN_TESTS("followed_stream", tests);
}
