#include "common/clock.h"
#include "connectord/health/stale_streams.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { BTC, ETH, LTC, COUNT };

static const text_t symbols[COUNT] = {{"BTC-USD", 7}, {"ETH-USD", 7}, {"LTC-USD", 7}};
static const trade_rate_config_t config = {.enabled = true, .probability = 1e-6, .minimum_ms = 30000, .reconnect_ms = 300000};
static stale_streams_t *stale_streams;
static int64_t now_ns;

static void set_up(void)
{
    now_ns = 1000 * NS_PER_S;
    stale_streams = stale_streams_new(&config, symbols, COUNT);
    ck_assert_ptr_nonnull(stale_streams);
    for (size_t i = 0; i < COUNT; i++)
        stale_streams_expect(stale_streams, i, now_ns);
    for (int trade = 0; trade < 100; trade++) {
        now_ns += NS_PER_S;
        for (size_t i = 0; i < COUNT; i++)
            ck_assert(!stale_streams_trade(stale_streams, i, now_ns));
    }
}

static void tear_down(void)
{
    stale_streams_destroy(&stale_streams);
}

static void check_printed(const char *expected)
{
    text_t printed = stale_streams_print(stale_streams, now_ns);
    ck_assert_msg(text_equal(printed, text_of(expected)), "expected %s, found %.*s", expected, TEXT_ARG(printed));
}

START_TEST(streams_go_stale_one_by_one)
{
    now_ns += 20 * NS_PER_S;
    stale_streams_trade(stale_streams, ETH, now_ns);
    now_ns += 11 * NS_PER_S + 5 * NS_PER_MS;
    check_printed("{}");
    ck_assert(stale_streams_check(stale_streams, now_ns));
    ck_assert(!stale_streams_check(stale_streams, now_ns));
    ck_assert_uint_eq(stale_streams_count(stale_streams), 2);
    check_printed("{\"BTC-USD\":31.005,\"LTC-USD\":31.005}");
    ck_assert(stale_streams_trade(stale_streams, BTC, now_ns));
    check_printed("{\"LTC-USD\":31.005}");
    now_ns += 30 * NS_PER_S;
    ck_assert(stale_streams_check(stale_streams, now_ns));
    check_printed("{\"ETH-USD\":41.005,\"LTC-USD\":61.005}");
}
END_TEST

START_TEST(without_a_connection_none_is_stale)
{
    now_ns += 31 * NS_PER_S;
    stale_streams_check(stale_streams, now_ns);
    ck_assert_uint_eq(stale_streams_count(stale_streams), 3);
    stale_streams_rest_all(stale_streams);
    ck_assert_uint_eq(stale_streams_count(stale_streams), 0);
    check_printed("{}");
    ck_assert(!stale_streams_check(stale_streams, now_ns + 1000 * NS_PER_S));
}
END_TEST

START_TEST(an_unsubscribed_stream_is_not_stale)
{
    stale_streams_rest(stale_streams, ETH);
    now_ns += 31 * NS_PER_S;
    stale_streams_check(stale_streams, now_ns);
    check_printed("{\"BTC-USD\":31.000,\"LTC-USD\":31.000}");
    stale_streams_rest(stale_streams, BTC);
    ck_assert_uint_eq(stale_streams_count(stale_streams), 1);
}
END_TEST

START_TEST(a_new_subscription_ends_the_staleness)
{
    now_ns += 31 * NS_PER_S;
    stale_streams_check(stale_streams, now_ns);
    stale_streams_expect(stale_streams, BTC, now_ns);
    ck_assert_uint_eq(stale_streams_count(stale_streams), 2);
    now_ns += 31 * NS_PER_S;
    ck_assert(stale_streams_check(stale_streams, now_ns));
    check_printed("{\"BTC-USD\":31.000,\"ETH-USD\":62.000,\"LTC-USD\":62.000}");
}
END_TEST

static size_t number;

/* What is due first; it is tried. */
static remedy_t next_remedy(void)
{
    size_t at = 0;
    remedy_t remedy = stale_streams_remedy(stale_streams, &at, now_ns, &number);
    stale_streams_tried(stale_streams, remedy, number, now_ns);
    return remedy;
}

/* Nothing comes for so many seconds, on a connection that is old. */
static void be_silent(int64_t seconds)
{
    now_ns += seconds * NS_PER_S;
    stale_streams_check(stale_streams, now_ns);
}

/* A stream goes on trading, so that the others are not alone. */
static void trade_on(size_t stream, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        now_ns += NS_PER_S;
        stale_streams_trade(stale_streams, stream, now_ns);
    }
    stale_streams_check(stale_streams, now_ns);
}

START_TEST(stale_streams_are_resubscribed_ever_more_rarely)
{
    static const int silences_s[] = {31, 62, 124, 248, 496};
    stale_streams_connected(stale_streams, now_ns); /* a young connection */
    int silence_s = 0;
    trade_on(ETH, 30);
    silence_s = 30;
    for (size_t i = 0; i < 3; i++) {
        trade_on(ETH, silences_s[i] - silence_s);
        silence_s = silences_s[i];
        ck_assert_int_eq(next_remedy(), REMEDY_RESUBSCRIBE);
        ck_assert_uint_eq(number, BTC);
        ck_assert_int_eq(next_remedy(), REMEDY_RESUBSCRIBE);
        ck_assert_uint_eq(number, LTC);
        ck_assert_int_eq(next_remedy(), REMEDY_NONE);
        trade_on(ETH, silences_s[i + 1] - silence_s - 1);
        silence_s = silences_s[i + 1] - 1;
        ck_assert_int_eq(next_remedy(), REMEDY_NONE);
    }
}
END_TEST

START_TEST(stale_stream_is_reconnected_when_resubscribing_did_not_help)
{
    be_silent(31);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_int_eq(next_remedy(), REMEDY_RESUBSCRIBE);
    ck_assert_int_eq(next_remedy(), REMEDY_NONE);
    be_silent(30);
    ck_assert_int_eq(next_remedy(), REMEDY_NONE);
    be_silent(1);
    ck_assert_int_eq(next_remedy(), REMEDY_RECONNECT);
}
END_TEST

/* A new connection on which nothing comes either; returns after how many seconds it is left, too. */
static int until_left(void)
{
    int64_t connected_ns = now_ns;
    stale_streams_rest_all(stale_streams);
    stale_streams_connected(stale_streams, now_ns);
    for (size_t i = 0; i < COUNT; i++)
        stale_streams_expect(stale_streams, i, now_ns);
    remedy_t remedy;
    do {
        be_silent(1);
        while ((remedy = next_remedy()) == REMEDY_RESUBSCRIBE)
            ;
    } while (remedy != REMEDY_RECONNECT);
    return (int)((now_ns - connected_ns) / NS_PER_S);
}

START_TEST(market_that_sleeps_costs_ever_fewer_reconnects)
{
    static const int expected_s[] = {300, 600, 1200, 2400, 2400};
    for (size_t i = 0; i < sizeof expected_s / sizeof *expected_s; i++)
        ck_assert_int_eq(until_left(), expected_s[i]);
}
END_TEST

START_TEST(one_stream_costs_one_reconnect_for_each_silence)
{
    remedy_t remedy;
    int resubscribes = 0, reconnects = 0;
    for (int second = 0; second < 4000; second++) {
        now_ns += NS_PER_S;
        stale_streams_trade(stale_streams, ETH, now_ns);
        stale_streams_trade(stale_streams, LTC, now_ns);
        stale_streams_check(stale_streams, now_ns);
        resubscribes += (remedy = next_remedy()) == REMEDY_RESUBSCRIBE;
        if (remedy != REMEDY_RECONNECT)
            continue;
        ck_assert_int_eq(second + 1, 31 + 31 + 62 + 124);
        reconnects++;
        stale_streams_rest_all(stale_streams);
        stale_streams_connected(stale_streams, now_ns);
        for (size_t i = 0; i < COUNT; i++)
            stale_streams_expect(stale_streams, i, now_ns);
    }
    ck_assert_int_eq(reconnects, 1); /* what the new connection did not bring back is not its fault */
    ck_assert_int_eq(resubscribes, 3 + 7);
}
END_TEST

START_TEST(trade_begins_the_remedies_again)
{
    be_silent(31);
    ck_assert_int_eq(next_remedy(), REMEDY_RESUBSCRIBE);
    stale_streams_trade(stale_streams, BTC, now_ns);
    stale_streams_rest(stale_streams, ETH);
    stale_streams_rest(stale_streams, LTC);
    be_silent(31);
    ck_assert_int_eq(next_remedy(), REMEDY_RESUBSCRIBE);
    ck_assert_uint_eq(number, BTC);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("stale_streams");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, streams_go_stale_one_by_one);
    tcase_add_test(tests, without_a_connection_none_is_stale);
    tcase_add_test(tests, an_unsubscribed_stream_is_not_stale);
    tcase_add_test(tests, a_new_subscription_ends_the_staleness);
    tcase_add_test(tests, stale_streams_are_resubscribed_ever_more_rarely);
    tcase_add_test(tests, stale_stream_is_reconnected_when_resubscribing_did_not_help);
    tcase_add_test(tests, market_that_sleeps_costs_ever_fewer_reconnects);
    tcase_add_test(tests, one_stream_costs_one_reconnect_for_each_silence);
    tcase_add_test(tests, trade_begins_the_remedies_again);
    return RUN_TESTS("stale_streams", tests);
}
