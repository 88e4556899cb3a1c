#include "common/clock.h"
#include "connectord/connectors/limiter.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

/* Who sends whenever it may, asking every `step_ns` for ten minutes, never sends more than `per_minute` in any 60 s. */
static void check_every_minute(uint32_t per_minute, int64_t step_ns)
{
    static int64_t sent[200000];
    size_t count = 0, first = 0, total_min = 0;
    limiter_t limiter = limiter_new(per_minute, 0);
    for (int64_t now_ns = 0; now_ns < 600 * NS_PER_S; now_ns += step_ns) {
        while (limiter_take(&limiter, now_ns)) {
            if (count == sizeof sent / sizeof *sent)
                ck_abort_msg("more than %zu sent", count);
            sent[count++] = now_ns;
        }
        while (first < count && sent[first] <= now_ns - 60 * NS_PER_S)
            first++;
        if (count - first > per_minute) /* an assertion that holds costs system calls, and here are 500,000 */
            ck_abort_msg("%zu sent in the 60 s to %lld ns, limit %u", count - first, (long long)now_ns, per_minute);
    }
    total_min = (size_t)per_minute * 10 / 2;
    ck_assert_msg(count >= total_min, "only %zu sent in ten minutes at %u a minute", count, per_minute);
}

START_TEST(no_60_seconds_hold_more_than_the_limit)
{
    static const uint32_t limits[] = {1, 2, 3, 7, 60, 1199, 1200, 10000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        check_every_minute(limits[i], 10 * NS_PER_MS);
        check_every_minute(limits[i], 777777777);
    }
}
END_TEST

START_TEST(half_a_minutes_messages_go_at_once)
{
    limiter_t limiter = limiter_new(1200, 5 * NS_PER_S);
    for (int i = 0; i < 600; i++)
        ck_assert(limiter_take(&limiter, 5 * NS_PER_S));
    ck_assert(!limiter_take(&limiter, 5 * NS_PER_S));
}
END_TEST

START_TEST(wait_says_when_the_next_may_go)
{
    limiter_t limiter = limiter_new(1200, 0);
    ck_assert_uint_eq(limiter_wait_ms(&limiter, 0), 0);
    while (limiter_take(&limiter, 0))
        ;
    ck_assert_uint_eq(limiter_wait_ms(&limiter, 0), 100); /* 600 a minute flow in */
    ck_assert(!limiter_take(&limiter, 99 * NS_PER_MS));
    ck_assert_uint_eq(limiter_wait_ms(&limiter, 99 * NS_PER_MS), 1);
    ck_assert(limiter_take(&limiter, 100 * NS_PER_MS));
}
END_TEST

START_TEST(long_silence_earns_no_more_than_a_full_bucket)
{
    limiter_t limiter = limiter_new(10, 0);
    int sent = 0;
    while (limiter_take(&limiter, 86400 * NS_PER_S))
        sent++;
    ck_assert_int_eq(sent, 5);
}
END_TEST

START_TEST(clock_that_goes_back_earns_nothing)
{
    limiter_t limiter = limiter_new(2, 60 * NS_PER_S);
    ck_assert(limiter_take(&limiter, 60 * NS_PER_S));
    ck_assert(!limiter_take(&limiter, 0));
    ck_assert(!limiter_take(&limiter, 61 * NS_PER_S));
    ck_assert(limiter_take(&limiter, 120 * NS_PER_S));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("limiter");
    tcase_add_test(tests, no_60_seconds_hold_more_than_the_limit);
    tcase_add_test(tests, half_a_minutes_messages_go_at_once);
    tcase_add_test(tests, wait_says_when_the_next_may_go);
    tcase_add_test(tests, long_silence_earns_no_more_than_a_full_bucket);
    tcase_add_test(tests, clock_that_goes_back_earns_nothing);
    return RUN_TESTS("limiter", tests);
}
