/* Each state of a stream and how it is left. */
#include "tests/unit/common/bus/followed_stream_fixture.h"
#include "tests/unit/run_tests.h"

START_TEST(of_an_unwanted_stream_only_the_place_is_known)
{
    reaches(7);
    followed_stream_resume(stream, (cursor_t){EPOCH, 5});
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert_uint_eq(stream->newest, 7);
    ck_assert_uint_eq(stream->resume.seq, 5);
    reaches(6); /* what was said last counts */
    followed_stream_renewed(stream, (cursor_t){EPOCH, 0}, 2000);
    followed_stream_end(stream);
    ck_assert_uint_eq(stream->newest, 6);
    ck_assert(!stream->ahead && !followed_stream_is_followed(stream) && !followed_stream_needs_repair(stream));
}
END_TEST

START_TEST(one_that_waits_is_unwanted_again_when_its_place_is_known)
{
    followed_stream_hold(stream);
    followed_stream_hold(stream);
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WAITING);
    reaches(7);
    ck_assert_uint_eq(stream->newest, 7);
    followed_stream_resume(stream, (cursor_t){EPOCH, 5});
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert_uint_eq(stream->resume.seq, 5);
}
END_TEST

START_TEST(one_that_is_located_begins_where_it_ends_by_then)
{
    followed_stream_locate(stream, 7);
    ck_assert_uint_eq(stream->repair, 7);
    followed_stream_hold(stream);
    followed_stream_resume(stream, (cursor_t){EPOCH, 5});
    reaches(8);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_LOCATING);
    ck_assert_uint_eq(stream->newest, 8);
    ck_assert_uint_eq(stream->resume.seq, 5);
    followed_stream_begin(stream, (cursor_t){EPOCH, 8});
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
}
END_TEST

START_TEST(one_that_is_located_can_be_ended)
{
    followed_stream_locate(stream, 7);
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert_uint_eq(stream->repair, 0);
}
END_TEST

START_TEST(a_starting_stream_takes_what_comes_and_sees_no_gap)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 2});
    followed_stream_hold(stream);
    followed_stream_resume(stream, (cursor_t){EPOCH, 9});
    ck_assert_uint_eq(stream->resume.seq, 0);
    live(2), live(3), live(6);
    reaches(7);
    expect_request(4);
    ck_assert(answer_in(EPOCH, 4, 4, true));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
    ck_assert_str_eq(told, "3 4");
    ck_assert_uint_eq(counts.duplicates, 1);
    ck_assert_uint_eq(counts.gaps_seen + counts.gaps_repaired, 0);
    expect_request(5);
    ck_assert(answer(5, 5));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED); /* 7 was told of, and has not come */
    ck_assert_str_eq(told, "3 4 5 6");
}
END_TEST

START_TEST(a_starting_stream_of_which_less_is_said_is_ahead_until_it_ends)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 2});
    reaches(1);
    ck_assert(stream->ahead);
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert(!stream->ahead);
}
END_TEST

START_TEST(a_starting_stream_goes_on_starting_in_another_epoch)
{
    followed_stream_begin(stream, (cursor_t){EPOCH, 42});
    followed_stream_renewed(stream, (cursor_t){EPOCH, 40}, 2000);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
    live_in(3000, 1);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_STARTING);
    ck_assert_str_eq(told, "(40=0 in e2000) [3-e3000] e3000 1");
}
END_TEST

START_TEST(a_whole_stream_stays_whole_as_long_as_nothing_is_missing)
{
    following_behind(0);
    followed_stream_hold(stream);
    followed_stream_resume(stream, (cursor_t){EPOCH, 9});
    live(1), live(1);
    reaches(1);
    live_in(2000, 1);
    followed_stream_renewed(stream, (cursor_t){2000, 0}, 3000);
    live_in(3000, 2);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert_str_eq(told, "1 [2-e2000] e2000 1 (0=0 in e3000) e3000 2");
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
}
END_TEST

START_TEST(a_hole_that_the_bus_fills_leaves_the_stream_whole_and_the_answer_brings_what_is_new)
{
    following_behind(0);
    reaches(2);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    expect_request(1);
    live(1);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    live(2);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert(answer(1, 3));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert_str_eq(told, "1 2 3");
    ck_assert_uint_eq(counts.gaps_seen, 1);
    ck_assert_uint_eq(counts.gaps_repaired, 1);
}
END_TEST

START_TEST(a_hole_is_seen_once_however_much_is_behind_it)
{
    following_behind(4);
    live(6), live(7), live(4);
    reaches(9);
    followed_stream_hold(stream);
    followed_stream_resume(stream, (cursor_t){EPOCH, 9});
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    ck_assert_uint_eq(counts.gaps_seen, 1);
    ck_assert_uint_eq(counts.duplicates, 1);
    expect_request(5);
    ck_assert(!followed_stream_repaired(stream, (text_t){0}));
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    reaches(3);
    ck_assert(stream->ahead);
    followed_stream_end(stream);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
}
END_TEST

START_TEST(whoever_ends_it_when_told_is_told_no_more)
{
    ended_at = 2;
    following_behind(0);
    reaches(3);
    expect_request(1);
    ck_assert(answer(1, 3));
    ck_assert_str_eq(told, "1 2");
    following_behind(1);
    reaches(3);
    expect_request(2);
    ck_assert(answer(3, 3));
    following_behind(1);
    live_in(2000, 1);
    followed_stream_renewed(stream, (cursor_t){2000, 0}, 3000);
    ck_assert_str_eq(told, "1 2 [2-2] [2-e2000]");
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_UNWANTED);
    ck_assert(!followed_stream_needs_repair(stream));
}
END_TEST

START_TEST(another_epoch_ends_a_hole)
{
    following_behind(0);
    reaches(2);
    live_in(2000, 1);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    live_in(2000, 3);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_HOLED);
    followed_stream_renewed(stream, (cursor_t){2000, 0}, 3000);
    ck_assert_int_eq(stream->state, FOLLOWED_STREAM_WHOLE);
    ck_assert_str_eq(told, "[1-e2000] e2000 1 (0=0 in e3000)");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("followed_stream_states");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, of_an_unwanted_stream_only_the_place_is_known);
    tcase_add_test(tests, one_that_waits_is_unwanted_again_when_its_place_is_known);
    tcase_add_test(tests, one_that_is_located_begins_where_it_ends_by_then);
    tcase_add_test(tests, one_that_is_located_can_be_ended);
    tcase_add_test(tests, a_starting_stream_takes_what_comes_and_sees_no_gap);
    tcase_add_test(tests, a_starting_stream_of_which_less_is_said_is_ahead_until_it_ends);
    tcase_add_test(tests, a_starting_stream_goes_on_starting_in_another_epoch);
    tcase_add_test(tests, a_whole_stream_stays_whole_as_long_as_nothing_is_missing);
    tcase_add_test(tests, a_hole_that_the_bus_fills_leaves_the_stream_whole_and_the_answer_brings_what_is_new);
    tcase_add_test(tests, a_hole_is_seen_once_however_much_is_behind_it);
    tcase_add_test(tests, whoever_ends_it_when_told_is_told_no_more);
    tcase_add_test(tests, another_epoch_ends_a_hole);
    return RUN_TESTS("followed_stream_states", tests);
}
