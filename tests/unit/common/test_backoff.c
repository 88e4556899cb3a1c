#include "common/backoff.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static const backoff_config_t plain = {.initial_ms = 1000, .maximum_ms = 30000, .multiplier = 2.0, .jitter = 0.0};

START_TEST(delay_doubles_up_to_the_maximum)
{
    static const uint32_t wanted[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    backoff_t backoff = backoff_new(plain, 1);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_uint_eq(backoff_next(&backoff), wanted[i]);
}
END_TEST

START_TEST(reset_begins_anew)
{
    backoff_t backoff = backoff_new(plain, 1);
    backoff_next(&backoff);
    backoff_next(&backoff);
    backoff_reset(&backoff);
    ck_assert_uint_eq(backoff_next(&backoff), 1000);
}
END_TEST

START_TEST(endless_failure_stays_at_the_maximum)
{
    backoff_t backoff = backoff_new(plain, 1);
    backoff.attempts = UINT32_MAX - 1;
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(backoff_next(&backoff), 30000);
}
END_TEST

START_TEST(multiplier_of_one_keeps_the_delay)
{
    backoff_config_t config = plain;
    config.multiplier = 1.0;
    backoff_t backoff = backoff_new(config, 1);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(backoff_next(&backoff), 1000);
}
END_TEST

START_TEST(jitter_takes_off_at_most_its_part_and_spreads)
{
    backoff_config_t config = plain;
    config.jitter = 0.2;
    config.multiplier = 1.0;
    uint32_t least = UINT32_MAX, most = 0;
    backoff_t backoff = backoff_new(config, 20251110);
    for (int i = 0; i < 10000; i++) {
        uint32_t delay = backoff_next(&backoff);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    ck_assert_uint_ge(least, 800);
    ck_assert_uint_lt(least, 805);
    ck_assert_uint_le(most, 1000);
    ck_assert_uint_gt(most, 995);
}
END_TEST

START_TEST(seeds_make_clients_differ)
{
    backoff_config_t config = plain;
    config.jitter = 1.0;
    int same = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        backoff_t a = backoff_new(config, seed), b = backoff_new(config, seed + 1);
        same += backoff_next(&a) == backoff_next(&b);
    }
    ck_assert_int_le(same, 3);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("backoff");
    tcase_add_test(tests, delay_doubles_up_to_the_maximum);
    tcase_add_test(tests, reset_begins_anew);
    tcase_add_test(tests, endless_failure_stays_at_the_maximum);
    tcase_add_test(tests, multiplier_of_one_keeps_the_delay);
    tcase_add_test(tests, jitter_takes_off_at_most_its_part_and_spreads);
    tcase_add_test(tests, seeds_make_clients_differ);
    return RUN_TESTS("backoff", tests);
}
