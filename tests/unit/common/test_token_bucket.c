#include "common/token_bucket.h"

#include "common/clock.h"
#include "tests/unit/run_tests.h"

/* How many come through, of so many that are tried every `step_ns` from `now_ns` on. */
static unsigned tried(token_bucket_t *bucket, const token_rate_t *rate, unsigned count, int64_t now_ns, int64_t step_ns)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < count; i++, now_ns += step_ns) {
        if (token_bucket_wait_ms(bucket, rate, now_ns) > 0)
            continue;
        token_bucket_take(bucket, rate, 1, now_ns);
        taken++;
    }
    return taken;
}

START_TEST(a_full_bucket_gives_its_burst_and_then_the_rate)
{
    token_rate_t rate = token_rate(10, 25);
    token_bucket_t bucket = {0};
    ck_assert_uint_eq(tried(&bucket, &rate, 100, NS_PER_S, 0), 25);
    ck_assert_uint_eq(token_bucket_wait_ms(&bucket, &rate, NS_PER_S), 100);
    ck_assert_uint_eq(token_bucket_wait_ms(&bucket, &rate, NS_PER_S + 40 * NS_PER_MS), 60);
    ck_assert_uint_eq(token_bucket_wait_ms(&bucket, &rate, NS_PER_S + 99 * NS_PER_MS + 1), 1); /* rounded up */
    ck_assert_uint_eq(tried(&bucket, &rate, 10000, NS_PER_S, NS_PER_MS), 99); /* in 10 s, the last of them at 9,999 ms */
}
END_TEST

START_TEST(it_fills_up_to_its_burst_and_no_further)
{
    token_rate_t rate = token_rate(10, 5);
    token_bucket_t bucket = {0};
    ck_assert_uint_eq(tried(&bucket, &rate, 100, NS_PER_S, 0), 5);
    ck_assert_uint_eq(tried(&bucket, &rate, 100, 1000 * NS_PER_S, 0), 5);
}
END_TEST

START_TEST(without_a_rate_nothing_is_limited_or_kept)
{
    token_rate_t rate = token_rate(0, 0);
    token_bucket_t bucket = {0};
    ck_assert_uint_eq(tried(&bucket, &rate, 100000, NS_PER_S, 0), 100000);
    ck_assert_int_eq(bucket.full_ns, 0);
}
END_TEST

START_TEST(a_burst_that_is_not_given_is_that_of_a_second)
{
    token_rate_t rate = token_rate(7, 0);
    token_bucket_t bucket = {0};
    ck_assert_uint_eq(tried(&bucket, &rate, 100, NS_PER_S, 0), 7);
}
END_TEST

START_TEST(a_debt_is_paid_before_anything_can_be_taken)
{
    token_rate_t rate = token_rate(1000, 2000);
    token_bucket_t bucket = {0};
    token_bucket_take(&bucket, &rate, 12000, NS_PER_S);
    ck_assert_uint_eq(token_bucket_wait_ms(&bucket, &rate, NS_PER_S), 10001);
    ck_assert_uint_eq(token_bucket_wait_ms(&bucket, &rate, NS_PER_S + 10001 * NS_PER_MS), 0);
}
END_TEST

START_TEST(a_debt_has_an_end_whatever_it_is)
{
    token_rate_t slow = token_rate(1, 1), fast = token_rate(1000000000000, 1000000000000);
    token_bucket_t bucket = {0};
    for (int i = 0; i < 100; i++)
        token_bucket_take(&bucket, &slow, UINT64_MAX, NS_PER_S);
    ck_assert_uint_le(token_bucket_wait_ms(&bucket, &slow, NS_PER_S), (TOKEN_BUCKET_DEBT_S + 1) * INT64_C(1000));
    bucket = (token_bucket_t){0};
    token_bucket_take(&bucket, &fast, 3000000000000, NS_PER_S);
    ck_assert_uint_eq(token_bucket_wait_ms(&bucket, &fast, NS_PER_S), 2000); /* bytes, a terabyte a second */
}
END_TEST

START_TEST(a_rate_may_change_at_any_time)
{
    token_rate_t slow = token_rate(1, 10), fast = token_rate(1000, 10);
    token_bucket_t bucket = {0};
    ck_assert_uint_eq(tried(&bucket, &slow, 100, NS_PER_S, 0), 10);
    ck_assert_uint_gt(token_bucket_wait_ms(&bucket, &fast, NS_PER_S), 0);
    ck_assert_uint_eq(tried(&bucket, &fast, 100, 12 * NS_PER_S, 0), 10);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("token_bucket");
    tcase_add_test(tests, a_full_bucket_gives_its_burst_and_then_the_rate);
    tcase_add_test(tests, it_fills_up_to_its_burst_and_no_further);
    tcase_add_test(tests, without_a_rate_nothing_is_limited_or_kept);
    tcase_add_test(tests, a_burst_that_is_not_given_is_that_of_a_second);
    tcase_add_test(tests, a_debt_is_paid_before_anything_can_be_taken);
    tcase_add_test(tests, a_debt_has_an_end_whatever_it_is);
    tcase_add_test(tests, a_rate_may_change_at_any_time);
    return RUN_TESTS("token_bucket", tests);
}
