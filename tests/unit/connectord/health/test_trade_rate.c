#include "common/clock.h"
#include "connectord/health/trade_rate.h"
#include "tests/unit/run_tests.h"

#include <math.h>
#include <stdlib.h>

/* exp(-10) is silence of ten mean intervals. */
static trade_rate_config_t config;
static trade_rate_t rate;
static int64_t now_ns;

static void set_up(void)
{
    config = (trade_rate_config_t){.enabled = true, .probability = exp(-10), .minimum_ms = 1};
    rate = (trade_rate_t){0};
    now_ns = 1000 * NS_PER_S;
    trade_rate_expect(&rate, now_ns);
}

/* Trades at a steady interval. Returns whether one ended a staleness. */
static bool trades(int count, int64_t interval_ns)
{
    bool ended = false;
    for (int i = 0; i < count; i++) {
        now_ns += interval_ns;
        ended |= trade_rate_trade(&rate, &config, now_ns);
    }
    return ended;
}

static bool stale_after(int64_t silence_ns)
{
    return trade_rate_check(&rate, &config, now_ns + silence_ns);
}

START_TEST(silence_that_is_unlikely_at_the_learned_rate_is_stale)
{
    trades(100, NS_PER_S);
    ck_assert(!stale_after(10 * NS_PER_S - NS_PER_MS));
    ck_assert(stale_after(10 * NS_PER_S + NS_PER_MS));
}
END_TEST

START_TEST(a_quiet_stream_may_be_quiet_for_longer)
{
    trades(100, 600 * NS_PER_S);
    ck_assert(!stale_after(5999 * NS_PER_S));
    ck_assert(stale_after(6001 * NS_PER_S));
}
END_TEST

START_TEST(it_is_told_once_and_ended_by_the_next_trade)
{
    trades(100, NS_PER_S);
    ck_assert(stale_after(11 * NS_PER_S));
    ck_assert(!stale_after(12 * NS_PER_S));
    ck_assert(rate.stale);
    ck_assert_int_eq(trade_rate_silence_ns(&rate, now_ns + 12 * NS_PER_S), 12 * NS_PER_S);
    ck_assert(trades(1, 13 * NS_PER_S));
    ck_assert(!rate.stale);
    ck_assert(!trades(1, NS_PER_S));
}
END_TEST

START_TEST(no_silence_shorter_than_the_minimum_is_stale)
{
    config.minimum_ms = 30000;
    trades(100, NS_PER_S);
    ck_assert(!stale_after(30 * NS_PER_S));
    ck_assert(stale_after(30 * NS_PER_S + 1));
}
END_TEST

START_TEST(nothing_is_said_before_enough_was_learned)
{
    trades(TRADE_RATE_LEARN, NS_PER_S); /* the first ends no interval */
    ck_assert(!stale_after(1000000 * NS_PER_S));
    trades(1, NS_PER_S);
    ck_assert(stale_after(1000000 * NS_PER_S));
}
END_TEST

START_TEST(a_burst_is_one_arrival)
{
    for (int i = 0; i < 100; i++) {
        trades(1, NS_PER_S - 9 * NS_PER_MS);
        trades(9, NS_PER_MS);
    }
    ck_assert(!stale_after(10 * NS_PER_S - 20 * NS_PER_MS));
    ck_assert(stale_after(10 * NS_PER_S + 20 * NS_PER_MS));
}
END_TEST

START_TEST(a_rate_that_changes_is_followed)
{
    trades(1000, 100 * NS_PER_MS);
    trades(10 * TRADE_RATE_MEMORY, 10 * NS_PER_S);
    ck_assert(!stale_after(99 * NS_PER_S));
    ck_assert(stale_after(101 * NS_PER_S));
}
END_TEST

START_TEST(an_outage_does_not_spoil_the_rate)
{
    trades(1000, NS_PER_S);
    ck_assert(stale_after(11 * NS_PER_S));
    trades(1, 3600 * NS_PER_S);
    ck_assert(stale_after(14 * NS_PER_S)); /* 1 s + 9 s / 32 is the mean now; with the hour it would be 113 s */
}
END_TEST

START_TEST(a_market_that_became_quiet_is_learned_step_by_step)
{
    trades(1000, NS_PER_S);
    int stale = 0;
    for (int i = 0; i < 100; i++) {
        stale += stale_after(60 * NS_PER_S - 1);
        trades(1, 60 * NS_PER_S);
    }
    ck_assert_int_gt(stale, 0);
    ck_assert_int_lt(stale, 20);
    ck_assert(!stale_after(60 * NS_PER_S));
}
END_TEST

START_TEST(who_rests_is_not_stale_and_keeps_what_it_learned)
{
    trades(100, NS_PER_S);
    ck_assert(stale_after(11 * NS_PER_S));
    ck_assert(trade_rate_rest(&rate));
    ck_assert(!trade_rate_rest(&rate));
    ck_assert(!stale_after(1000 * NS_PER_S));
    ck_assert_int_eq(trade_rate_silence_ns(&rate, now_ns + NS_PER_S), 0);
    now_ns += 1000 * NS_PER_S;
    trade_rate_expect(&rate, now_ns);
    ck_assert(!stale_after(10 * NS_PER_S - NS_PER_MS)); /* counted from the new subscription, not from the last trade */
    ck_assert(stale_after(10 * NS_PER_S + NS_PER_MS));
}
END_TEST

START_TEST(the_time_between_two_connections_is_no_interval)
{
    trades(100, NS_PER_S);
    trade_rate_rest(&rate);
    now_ns += 1000 * NS_PER_S;
    trade_rate_expect(&rate, now_ns);
    trades(1, 5 * NS_PER_S);
    ck_assert(stale_after(10 * NS_PER_S + NS_PER_MS));
}
END_TEST

START_TEST(a_trade_that_nobody_expects_is_ignored)
{
    trade_rate_rest(&rate);
    trades(100, NS_PER_S);
    ck_assert(!stale_after(1000 * NS_PER_S));
}
END_TEST

START_TEST(switched_off_it_says_nothing)
{
    config.enabled = false;
    trades(100, NS_PER_S);
    ck_assert(!stale_after(1000 * NS_PER_S));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("trade_rate");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, silence_that_is_unlikely_at_the_learned_rate_is_stale);
    tcase_add_test(tests, a_quiet_stream_may_be_quiet_for_longer);
    tcase_add_test(tests, it_is_told_once_and_ended_by_the_next_trade);
    tcase_add_test(tests, no_silence_shorter_than_the_minimum_is_stale);
    tcase_add_test(tests, nothing_is_said_before_enough_was_learned);
    tcase_add_test(tests, a_burst_is_one_arrival);
    tcase_add_test(tests, a_rate_that_changes_is_followed);
    tcase_add_test(tests, an_outage_does_not_spoil_the_rate);
    tcase_add_test(tests, a_market_that_became_quiet_is_learned_step_by_step);
    tcase_add_test(tests, who_rests_is_not_stale_and_keeps_what_it_learned);
    tcase_add_test(tests, the_time_between_two_connections_is_no_interval);
    tcase_add_test(tests, a_trade_that_nobody_expects_is_ignored);
    tcase_add_test(tests, switched_off_it_says_nothing);
    return RUN_TESTS("trade_rate", tests);
}
