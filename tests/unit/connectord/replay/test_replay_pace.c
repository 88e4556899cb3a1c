#include "connectord/replay/replay_pace.h"

#include "common/clock.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { START_S = 1762795473 };

static void next(replay_pace_t *pace, int64_t second, int64_t now_s)
{
    replay_pace_next(pace, (START_S + second) * NS_PER_S, now_s * NS_PER_S);
}

START_TEST(what_comes_later_is_due_later_by_the_speed)
{
    replay_pace_t pace = {.speed = 2};
    next(&pace, 0, 100);
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 100 * NS_PER_S), 0);
    next(&pace, 10, 100);
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 100 * NS_PER_S), 5000);
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 104 * NS_PER_S), 1000);
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 200 * NS_PER_S), 0);
    pace.speed = 0;
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 100 * NS_PER_S), 0);
}
END_TEST

START_TEST(what_has_no_time_is_due_with_what_was_before_it)
{
    replay_pace_t pace = {.speed = 1};
    replay_pace_next(&pace, 0, 100 * NS_PER_S);
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 100 * NS_PER_S), 0);
    next(&pace, 0, 101);
    next(&pace, 7, 101);
    replay_pace_next(&pace, 0, 101 * NS_PER_S);
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 101 * NS_PER_S), 7000);
}
END_TEST

START_TEST(a_seam_and_a_new_lap_are_not_waited_for)
{
    replay_pace_t pace = {.speed = 1};
    next(&pace, 0, 100);
    next(&pace, 3601, 100);
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 100 * NS_PER_S), 0);
    next(&pace, 3605, 100);
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 100 * NS_PER_S), 4000);
    replay_pace_begin(&pace);
    next(&pace, 20, 500);
    ck_assert_uint_eq(replay_pace_wait_ms(&pace, 500 * NS_PER_S), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("replay_pace");
    tcase_add_test(tests, what_comes_later_is_due_later_by_the_speed);
    tcase_add_test(tests, what_has_no_time_is_due_with_what_was_before_it);
    tcase_add_test(tests, a_seam_and_a_new_lap_are_not_waited_for);
    return RUN_TESTS("replay_pace", tests);
}
