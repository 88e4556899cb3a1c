/* Time in which the process stood still is no time. A callback that sleeps, and does not ask the clock, plays it. */
#include "common/clock.h"
#include "common/loop/loop.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>
#include <unistd.h>

enum { STILL_MS = CLOCK_STILL_MS + 300, DELAY_MS = 200 };

static loop_t *loop;
static loop_timer_t *sleeper, *timer;
static int64_t began_ns, fired_ns, steady_ns;
static int fired;

static void set_up(void)
{
    fired = 0;
    loop = loop_new();
    ck_assert_ptr_nonnull(loop);
}

static void tear_down(void)
{
    loop_timer_destroy(&sleeper);
    loop_timer_destroy(&timer);
    loop_destroy(&loop);
}

static void stand_still(void *arg)
{
    (void)arg;
    usleep(STILL_MS * 1000);
}

static void fire(void *arg)
{
    fired_ns = clock_mono_ns();
    if (++fired == *(const int *)arg)
        loop_stop(loop);
}

static void run(uint64_t repeat_ms, int times)
{
    sleeper = loop_timer_new(loop, stand_still, NULL);
    timer = loop_timer_new(loop, fire, &times);
    began_ns = clock_mono_ns();
    steady_ns = clock_steady_ns();
    loop_timer_start(sleeper, 10, 0);
    loop_timer_start(timer, DELAY_MS, repeat_ms);
    ck_assert_int_eq(loop_run(loop), 0);
    fired_ns -= began_ns;
    steady_ns = clock_steady_ns() - steady_ns;
}

START_TEST(a_timer_waits_for_the_rest_of_its_time)
{
    run(0, 1);
    ck_assert_int_ge(fired_ns, (DELAY_MS - 5) * NS_PER_MS);
    ck_assert_int_ge(steady_ns, (STILL_MS + DELAY_MS - 20) * NS_PER_MS);
    ck_assert_int_ge(clock_stood_still_ns(), (STILL_MS - 20) * NS_PER_MS);
}
END_TEST

START_TEST(a_repeating_timer_goes_on)
{
    run(20, 3);
    ck_assert_int_eq(fired, 3);
    ck_assert_int_ge(fired_ns, (DELAY_MS + 2 * 20 - 15) * NS_PER_MS);
}
END_TEST

START_TEST(the_clock_never_goes_back_and_counts_all_while_nobody_watches)
{
    int64_t before_ns = clock_mono_ns();
    usleep(STILL_MS * 1000);
    ck_assert_int_ge(clock_mono_ns() - before_ns, STILL_MS * NS_PER_MS);
    clock_watch(true);
    before_ns = clock_mono_ns();
    usleep(STILL_MS * 1000);
    int64_t after_ns = clock_mono_ns();
    ck_assert_int_ge(after_ns, before_ns);
    ck_assert_int_lt(after_ns - before_ns, STILL_MS * NS_PER_MS);
    clock_watch(false);
    ck_assert_int_ge(clock_mono_ns(), after_ns);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("standstill");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_timer_waits_for_the_rest_of_its_time);
    tcase_add_test(tests, a_repeating_timer_goes_on);
    tcase_add_test(tests, the_clock_never_goes_back_and_counts_all_while_nobody_watches);
    return RUN_TESTS("standstill", tests);
}
