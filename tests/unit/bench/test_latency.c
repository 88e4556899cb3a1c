#include "tests/bench/latency.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static latency_t latency;

static void set_up(void)
{
    latency = (latency_t){0};
}

/* Not below the true value, and at most 1.6 % above. */
static void assert_about(uint64_t found, uint64_t expected)
{
    ck_assert_uint_ge(found, expected);
    ck_assert_uint_le(found, expected + expected / 63);
}

START_TEST(quantiles_of_nothing_are_nothing)
{
    ck_assert_uint_eq(latency_quantile(&latency, 0.5), 0);
}
END_TEST

START_TEST(quantiles_are_exact_to_two_percent_from_nanoseconds_to_minutes)
{
    for (int64_t unit = 1; unit < 100000000000; unit *= 10) {
        set_up();
        for (int64_t i = 1; i <= 1000; i++)
            latency_note(&latency, i * unit);
        assert_about(latency_quantile(&latency, 0.5), (uint64_t)(501 * unit));
        assert_about(latency_quantile(&latency, 0.99), (uint64_t)(991 * unit));
        ck_assert_uint_eq(latency_quantile(&latency, 1), (uint64_t)(1000 * unit));
        ck_assert_uint_eq(latency.highest, (uint64_t)(1000 * unit));
    }
}
END_TEST

START_TEST(extremes_have_their_place)
{
    latency_note(&latency, -5);
    ck_assert_uint_eq(latency_quantile(&latency, 0.5), 0);
    latency_note(&latency, INT64_MAX);
    ck_assert_uint_eq(latency_quantile(&latency, 1), INT64_MAX);
    ck_assert_uint_eq(latency.count, 2);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("latency");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, quantiles_of_nothing_are_nothing);
    tcase_add_test(tests, quantiles_are_exact_to_two_percent_from_nanoseconds_to_minutes);
    tcase_add_test(tests, extremes_have_their_place);
    return RUN_TESTS("latency", tests);
}
