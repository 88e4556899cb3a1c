#include "common/bus/round_trip.h"
#include "common/clock.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static int64_t timeout_ms(const round_trip_t *round_trip, int64_t least_ms)
{
    return round_trip_timeout_ns(round_trip, least_ms * NS_PER_MS) / NS_PER_MS;
}

static void measured_ms(round_trip_t *round_trip, int64_t took_ms, int times)
{
    for (int i = 0; i < times; i++)
        round_trip_measured(round_trip, took_ms * NS_PER_MS);
}

START_TEST(before_anything_is_measured_the_least_is_waited)
{
    ck_assert_int_eq(timeout_ms(&(round_trip_t){0}, 250), 250);
}
END_TEST

START_TEST(a_fast_link_does_not_shorten_the_wait)
{
    round_trip_t round_trip = {0};
    measured_ms(&round_trip, 1, 100);
    ck_assert_int_eq(timeout_ms(&round_trip, 250), 250);
}
END_TEST

START_TEST(the_first_answer_triples_the_wait_and_steady_ones_bring_it_to_the_round_trip)
{
    round_trip_t round_trip = {0};
    measured_ms(&round_trip, 600, 1);
    ck_assert_int_eq(timeout_ms(&round_trip, 250), 1800);
    measured_ms(&round_trip, 600, 100);
    ck_assert_int_ge(timeout_ms(&round_trip, 250), 600);
    ck_assert_int_le(timeout_ms(&round_trip, 250), 610);
}
END_TEST

START_TEST(an_answer_that_took_minutes_is_forgotten_after_some_that_did_not)
{
    round_trip_t round_trip = {0};
    measured_ms(&round_trip, 5, 10);
    measured_ms(&round_trip, 120000, 3);
    ck_assert_int_eq(timeout_ms(&round_trip, 250), ROUND_TRIP_MAX_MS);
    ck_assert_int_eq(timeout_ms(&round_trip, 60000), 60000);
    measured_ms(&round_trip, 5, 60);
    ck_assert_int_eq(timeout_ms(&round_trip, 250), 250);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("round_trip");
    tcase_add_test(tests, before_anything_is_measured_the_least_is_waited);
    tcase_add_test(tests, a_fast_link_does_not_shorten_the_wait);
    tcase_add_test(tests, the_first_answer_triples_the_wait_and_steady_ones_bring_it_to_the_round_trip);
    tcase_add_test(tests, an_answer_that_took_minutes_is_forgotten_after_some_that_did_not);
    return RUN_TESTS("round_trip", tests);
}
