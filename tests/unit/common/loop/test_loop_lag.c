/* How late the loop is. The one test that takes its time: a callback that keeps the loop busy is what it is about. */
#include "common/clock.h"
#include "common/loop/loop.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { BUSY_MS = 250 };

static uint64_t noted_above(const histogram_t *histogram, int64_t ns)
{
    uint64_t count = histogram->counts[HISTOGRAM_BOUNDS];
    for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
        count += histogram_bounds_ns[i - 1] >= ns ? histogram->counts[i] : 0;
    return count;
}

static void keep_busy(void *arg)
{
    (void)arg;
    int64_t end_ns = clock_mono_ns() + BUSY_MS * NS_PER_MS;
    while (clock_mono_ns() < end_ns)
        ;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

START_TEST(a_callback_that_takes_long_makes_a_timer_late)
{
    loop_t *loop = loop_new();
    ck_assert_ptr_nonnull(loop);
    loop_timer_t *busy = loop_timer_new(loop, keep_busy, NULL), *end = loop_timer_new(loop, stop, loop);
    ck_assert_uint_eq(noted_above(loop_lag(loop), 100 * NS_PER_MS), 0);
    loop_timer_start(busy, 0, 0); /* ends long after the timer was due */
    loop_timer_start(end, BUSY_MS + 50, 0);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_uint_ge(noted_above(loop_lag(loop), 100 * NS_PER_MS), 1);
    ck_assert_int_ge(loop_lag(loop)->sum_ns, 100 * NS_PER_MS);
    loop_timer_destroy(&busy);
    loop_timer_destroy(&end);
    loop_destroy(&loop);
}
END_TEST

START_TEST(the_start_is_when_the_loop_was_made)
{
    int64_t before_ns = clock_real_ns();
    loop_t *loop = loop_new();
    ck_assert_int_ge(loop_started_ns(loop), before_ns);
    ck_assert_int_le(loop_started_ns(loop), clock_real_ns());
    loop_destroy(&loop);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("loop_lag");
    tcase_add_test(tests, a_callback_that_takes_long_makes_a_timer_late);
    tcase_add_test(tests, the_start_is_when_the_loop_was_made);
    return RUN_TESTS("loop_lag", tests);
}
