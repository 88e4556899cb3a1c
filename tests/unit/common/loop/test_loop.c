#include "common/loop/loop.h"
#include "tests/unit/run_tests.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static loop_t *loop;
static loop_timer_t *timer, *other;
static int fired;

static void set_up(void)
{
    fired = 0;
    loop = loop_new();
    ck_assert_ptr_nonnull(loop);
}

static void tear_down(void)
{
    loop_timer_destroy(&timer);
    loop_timer_destroy(&other);
    loop_destroy(&loop); /* asserts that nothing was left open */
    ck_assert_ptr_null(loop);
}

static void stop_at_three(void *arg)
{
    ck_assert_ptr_eq(arg, &fired);
    if (++fired == 3)
        loop_stop(loop);
}

static void break_down(void *arg)
{
    (void)arg;
    loop_fail(loop);
}

static void terminate(void *arg)
{
    (void)arg;
    ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
}

static void never(void *arg)
{
    (void)arg;
    ck_abort_msg("a timer that was stopped has fired");
}

START_TEST(a_repeating_timer_fires_until_the_loop_is_stopped)
{
    timer = loop_timer_new(loop, stop_at_three, &fired);
    ck_assert(!loop_timer_running(timer));
    loop_timer_start(timer, 0, 1);
    ck_assert(loop_timer_running(timer));
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(fired, 3);
}
END_TEST

START_TEST(a_stopped_timer_does_not_fire)
{
    other = loop_timer_new(loop, never, NULL);
    loop_timer_start(other, 1, 0);
    loop_timer_stop(other);
    ck_assert(!loop_timer_running(other));
    timer = loop_timer_new(loop, stop_at_three, &fired);
    loop_timer_start(timer, 5, 1);
    ck_assert_int_eq(loop_run(loop), 0);
}
END_TEST

START_TEST(a_failed_loop_ends_with_one)
{
    timer = loop_timer_new(loop, break_down, NULL);
    loop_timer_start(timer, 0, 0);
    ck_assert_int_eq(loop_run(loop), 1);
}
END_TEST

START_TEST(sigterm_ends_the_loop_orderly)
{
    timer = loop_timer_new(loop, terminate, NULL);
    loop_timer_start(timer, 0, 0);
    other = loop_timer_new(loop, never, NULL);
    loop_timer_start(other, 60000, 0);
    ck_assert_int_eq(loop_run(loop), 0);
}
END_TEST

START_TEST(a_loop_that_never_ran_is_destroyed_with_its_timers)
{
    timer = loop_timer_new(loop, never, NULL);
    loop_timer_start(timer, 60000, 60000);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("loop");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_repeating_timer_fires_until_the_loop_is_stopped);
    tcase_add_test(tests, a_stopped_timer_does_not_fire);
    tcase_add_test(tests, a_failed_loop_ends_with_one);
    tcase_add_test(tests, sigterm_ends_the_loop_orderly);
    tcase_add_test(tests, a_loop_that_never_ran_is_destroyed_with_its_timers);
    return RUN_TESTS("loop", tests);
}
