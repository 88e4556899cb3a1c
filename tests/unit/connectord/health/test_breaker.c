#include "common/clock.h"
#include "connectord/health/breaker.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static const breaker_config_t config = {.failures = 3, .healthy_ms = 1000, .open_ms = 60000};

/* Brings a new breaker into a state. */
static breaker_t in_state(breaker_state_t state)
{
    breaker_t breaker = breaker_new(config);
    for (uint32_t i = 0; state != BREAKER_CLOSED && i < config.failures; i++)
        breaker_event(&breaker, BREAKER_FAILED, 0);
    if (state == BREAKER_HALF_OPEN)
        breaker_event(&breaker, BREAKER_TRY, 60 * NS_PER_S);
    ck_assert_int_eq(breaker.state, state);
    return breaker;
}

START_TEST(every_event_does_what_the_table_says)
{
    static const struct {
        breaker_state_t state;
        breaker_event_t event;
        breaker_state_t next;
    } cases[] = {
        {BREAKER_CLOSED, BREAKER_TRY, BREAKER_CLOSED},       {BREAKER_CLOSED, BREAKER_FAILED, BREAKER_CLOSED},
        {BREAKER_CLOSED, BREAKER_HELD, BREAKER_CLOSED},      {BREAKER_OPEN, BREAKER_TRY, BREAKER_HALF_OPEN},
        {BREAKER_OPEN, BREAKER_FAILED, BREAKER_OPEN},        {BREAKER_OPEN, BREAKER_HELD, BREAKER_OPEN},
        {BREAKER_HALF_OPEN, BREAKER_TRY, BREAKER_HALF_OPEN}, {BREAKER_HALF_OPEN, BREAKER_FAILED, BREAKER_OPEN},
        {BREAKER_HALF_OPEN, BREAKER_HELD, BREAKER_CLOSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        breaker_t breaker = in_state(cases[i].state);
        bool changed = breaker_event(&breaker, cases[i].event, 60 * NS_PER_S);
        ck_assert_msg(breaker.state == cases[i].next && changed == (cases[i].state != cases[i].next),
                      "%s, event %d: %s, changed %d", breaker_name(cases[i].state), cases[i].event, breaker_name(breaker.state),
                      changed);
    }
}
END_TEST

START_TEST(it_opens_at_the_configured_failure_in_a_row)
{
    breaker_t breaker = breaker_new(config);
    ck_assert(!breaker_event(&breaker, BREAKER_FAILED, 0));
    ck_assert(!breaker_event(&breaker, BREAKER_FAILED, 0));
    ck_assert(breaker_event(&breaker, BREAKER_FAILED, 0));
    ck_assert_int_eq(breaker.state, BREAKER_OPEN);
}
END_TEST

START_TEST(a_connection_that_held_ends_the_row)
{
    breaker_t breaker = breaker_new(config);
    for (int i = 0; i < 10; i++) {
        breaker_event(&breaker, BREAKER_FAILED, 0);
        breaker_event(&breaker, BREAKER_FAILED, 0);
        breaker_event(&breaker, BREAKER_HELD, 0);
    }
    ck_assert_int_eq(breaker.state, BREAKER_CLOSED);
}
END_TEST

START_TEST(nothing_is_tried_before_open_ms_have_passed)
{
    breaker_t breaker = in_state(BREAKER_OPEN); /* since 0 */
    ck_assert_uint_eq(breaker_wait_ms(&breaker, 0), 60000);
    ck_assert_uint_eq(breaker_wait_ms(&breaker, NS_PER_S), 59000);
    ck_assert_uint_eq(breaker_wait_ms(&breaker, 60 * NS_PER_S - 1), 1); /* rounded up: never too early */
    ck_assert_uint_eq(breaker_wait_ms(&breaker, 60 * NS_PER_S), 0);
    ck_assert_uint_eq(breaker_wait_ms(&breaker, 90 * NS_PER_S), 0);
}
END_TEST

START_TEST(only_an_open_one_has_a_wait)
{
    breaker_t closed = in_state(BREAKER_CLOSED), half_open = in_state(BREAKER_HALF_OPEN);
    ck_assert_uint_eq(breaker_wait_ms(&closed, 0), 0);
    ck_assert_uint_eq(breaker_wait_ms(&half_open, 0), 0);
}
END_TEST

START_TEST(a_trial_that_fails_opens_it_for_the_whole_time_again)
{
    breaker_t breaker = in_state(BREAKER_HALF_OPEN);
    breaker_event(&breaker, BREAKER_FAILED, 61 * NS_PER_S);
    ck_assert_uint_eq(breaker_wait_ms(&breaker, 61 * NS_PER_S), 60000);
}
END_TEST

START_TEST(after_a_trial_that_held_it_takes_as_many_failures_again)
{
    breaker_t breaker = in_state(BREAKER_HALF_OPEN);
    breaker_event(&breaker, BREAKER_HELD, 0);
    breaker_event(&breaker, BREAKER_FAILED, 0);
    breaker_event(&breaker, BREAKER_FAILED, 0);
    ck_assert_int_eq(breaker.state, BREAKER_CLOSED);
    breaker_event(&breaker, BREAKER_FAILED, 0);
    ck_assert_int_eq(breaker.state, BREAKER_OPEN);
}
END_TEST

START_TEST(with_zero_failures_it_never_opens)
{
    breaker_t breaker = breaker_new((breaker_config_t){.failures = 0, .open_ms = 60000});
    for (int i = 0; i < 1000; i++)
        ck_assert(!breaker_event(&breaker, BREAKER_FAILED, 0));
}
END_TEST

START_TEST(states_have_the_names_of_the_protocol)
{
    ck_assert_str_eq(breaker_name(BREAKER_CLOSED), "closed");
    ck_assert_str_eq(breaker_name(BREAKER_OPEN), "open");
    ck_assert_str_eq(breaker_name(BREAKER_HALF_OPEN), "half_open");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("breaker");
    tcase_add_test(tests, every_event_does_what_the_table_says);
    tcase_add_test(tests, it_opens_at_the_configured_failure_in_a_row);
    tcase_add_test(tests, a_connection_that_held_ends_the_row);
    tcase_add_test(tests, nothing_is_tried_before_open_ms_have_passed);
    tcase_add_test(tests, only_an_open_one_has_a_wait);
    tcase_add_test(tests, a_trial_that_fails_opens_it_for_the_whole_time_again);
    tcase_add_test(tests, after_a_trial_that_held_it_takes_as_many_failures_again);
    tcase_add_test(tests, with_zero_failures_it_never_opens);
    tcase_add_test(tests, states_have_the_names_of_the_protocol);
    return RUN_TESTS("breaker", tests);
}
