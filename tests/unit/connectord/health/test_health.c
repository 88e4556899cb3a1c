#include "common/clock.h"
#include "common/timestamp.h"
#include "connectord/health/health.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static health_t health;
static int64_t now_ns;

static void set_up(void)
{
    health = health_new();
    now_ns = 1000 * NS_PER_S;
}

/* Messages, 100 ms apart, that come offset_ns after the exchange's timestamps. */
static void messages(int count, int64_t offset_ns)
{
    for (int i = 0; i < count; i++) {
        char text[TIMESTAMP_MAX];
        int64_t received_ns = INT64_C(1762795473) * NS_PER_S + now_ns;
        size_t length = timestamp_print(text, received_ns - offset_ns, 9);
        now_ns += 100 * NS_PER_MS;
        health_message(&health, (text_t){text, length}, received_ns, now_ns);
    }
}

static uint32_t score(void)
{
    return health_score(&health, 0, 4, now_ns);
}

START_TEST(a_source_without_a_fault_is_at_its_best)
{
    ck_assert_uint_eq(score(), HEALTH_BEST);
    messages(100, 20 * NS_PER_MS);
    ck_assert_uint_eq(score(), HEALTH_BEST);
}
END_TEST

START_TEST(delay_costs_in_proportion_and_no_more_than_thirty)
{
    messages(100, 20 * NS_PER_MS);
    messages(200, 20 * NS_PER_MS + NS_PER_S);
    ck_assert_uint_eq(score(), 94); /* 30 · 1 s / 5 s */
    messages(200, 20 * NS_PER_MS + 50 * NS_PER_S);
    ck_assert_uint_eq(score(), 70);
    messages(200, 20 * NS_PER_MS);
    ck_assert_uint_eq(score(), HEALTH_BEST);
}
END_TEST

START_TEST(one_late_message_is_smoothed_away)
{
    messages(100, 0);
    messages(1, 5 * NS_PER_S);
    ck_assert_uint_eq(score(), 98); /* 30 / 16 */
}
END_TEST

START_TEST(clocks_that_differ_are_no_delay)
{
    static const int64_t skews_ns[] = {-3600 * NS_PER_S, -3 * NS_PER_S, 3 * NS_PER_S, 3600 * NS_PER_S};
    for (size_t i = 0; i < sizeof skews_ns / sizeof *skews_ns; i++) {
        health = health_new();
        messages(100, skews_ns[i]);
        ck_assert_uint_eq(score(), HEALTH_BEST);
        messages(200, skews_ns[i] + NS_PER_S);
        ck_assert_uint_eq(score(), 94);
    }
}
END_TEST

START_TEST(a_clock_that_was_set_is_no_delay)
{
    messages(100, 0);
    messages(1, 120 * NS_PER_S);
    ck_assert_uint_eq(score(), HEALTH_BEST);
    messages(100, 120 * NS_PER_S);
    ck_assert_uint_eq(score(), HEALTH_BEST);
    messages(100, 0);
    messages(200, NS_PER_S);
    ck_assert_uint_eq(score(), 94);
}
END_TEST

START_TEST(a_difference_that_stays_is_taken_for_the_clocks_after_ten_minutes)
{
    messages(100, 0);
    messages(2900, 5 * NS_PER_S); /* within the first five minutes … */
    ck_assert_uint_eq(score(), 70);
    messages(2900, 5 * NS_PER_S); /* … ten … */
    ck_assert_uint_eq(score(), 70);
    messages(600, 5 * NS_PER_S); /* … and beyond them */
    ck_assert_uint_eq(score(), HEALTH_BEST);
}
END_TEST

START_TEST(a_time_that_is_none_changes_nothing)
{
    health_message(&health, TEXT("yesterday"), 7, now_ns);
    health_message(&health, TEXT(""), 7, now_ns);
    ck_assert_uint_eq(score(), HEALTH_BEST);
}
END_TEST

START_TEST(gaps_cost_and_are_forgotten)
{
    health_gap(&health, now_ns);
    ck_assert_uint_eq(score(), 90);
    now_ns += 60 * NS_PER_S;
    ck_assert_uint_eq(score(), 95);
    for (int i = 0; i < 100; i++)
        health_gap(&health, now_ns);
    ck_assert_uint_eq(score(), 70);
    now_ns += 600 * NS_PER_S;
    ck_assert_uint_eq(score(), HEALTH_BEST);
}
END_TEST

START_TEST(lost_connections_cost_and_are_forgotten_more_slowly)
{
    health_lost(&health, now_ns);
    ck_assert_uint_eq(score(), 90);
    now_ns += 300 * NS_PER_S;
    ck_assert_uint_eq(score(), 95);
    for (int i = 0; i < 100; i++)
        health_lost(&health, now_ns);
    ck_assert_uint_eq(score(), 60);
}
END_TEST

START_TEST(stale_streams_cost_their_share)
{
    ck_assert_uint_eq(health_score(&health, 1, 4, now_ns), 90);
    ck_assert_uint_eq(health_score(&health, 4, 4, now_ns), 60);
    ck_assert_uint_eq(health_score(&health, 0, 0, now_ns), HEALTH_BEST);
}
END_TEST

START_TEST(the_worst_of_all_is_zero)
{
    messages(100, 0);
    messages(200, 50 * NS_PER_S);
    for (int i = 0; i < 100; i++) {
        health_gap(&health, now_ns);
        health_lost(&health, now_ns);
    }
    ck_assert_uint_eq(health_score(&health, 4, 4, now_ns), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("health");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, a_source_without_a_fault_is_at_its_best);
    tcase_add_test(tests, delay_costs_in_proportion_and_no_more_than_thirty);
    tcase_add_test(tests, one_late_message_is_smoothed_away);
    tcase_add_test(tests, clocks_that_differ_are_no_delay);
    tcase_add_test(tests, a_clock_that_was_set_is_no_delay);
    tcase_add_test(tests, a_difference_that_stays_is_taken_for_the_clocks_after_ten_minutes);
    tcase_add_test(tests, a_time_that_is_none_changes_nothing);
    tcase_add_test(tests, gaps_cost_and_are_forgotten);
    tcase_add_test(tests, lost_connections_cost_and_are_forgotten_more_slowly);
    tcase_add_test(tests, stale_streams_cost_their_share);
    tcase_add_test(tests, the_worst_of_all_is_zero);
    return RUN_TESTS("health", tests);
}
