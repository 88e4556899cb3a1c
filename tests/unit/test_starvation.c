#include "common/clock.h"
#include "connectord/starvation.h"

#include <check.h>
#include <stdlib.h>

enum { BTC, ETH, LTC, COUNT };

static const text_t symbols[COUNT] = {{"BTC-USD", 7}, {"ETH-USD", 7}, {"LTC-USD", 7}};
static const pulse_config_t config = {.enabled = true, .probability = 1e-6, .minimum_ms = 30000};
static starvation_t *starvation;
static int64_t now_ns;

static void set_up(void)
{
    now_ns = 1000 * NS_PER_S;
    starvation = starvation_new(&config, symbols, COUNT);
    ck_assert_ptr_nonnull(starvation);
    for (size_t i = 0; i < COUNT; i++)
        starvation_expect(starvation, i, now_ns);
    for (int trade = 0; trade < 100; trade++) {
        now_ns += NS_PER_S;
        for (size_t i = 0; i < COUNT; i++)
            ck_assert(!starvation_trade(starvation, i, now_ns));
    }
}

static void tear_down(void)
{
    starvation_destroy(&starvation);
}

static void check_printed(const char *expected)
{
    text_t printed = starvation_print(starvation, now_ns);
    ck_assert_msg(text_equal(printed, text_of(expected)), "expected %s, found %.*s", expected, TEXT_ARG(printed));
}

START_TEST(streams_starve_one_by_one)
{
    now_ns += 20 * NS_PER_S;
    starvation_trade(starvation, ETH, now_ns);
    now_ns += 11 * NS_PER_S + 5 * NS_PER_MS;
    check_printed("{}");
    ck_assert(starvation_check(starvation, now_ns));
    ck_assert(!starvation_check(starvation, now_ns));
    ck_assert_uint_eq(starvation_count(starvation), 2);
    check_printed("{\"BTC-USD\":31.005,\"LTC-USD\":31.005}");
    ck_assert(starvation_trade(starvation, BTC, now_ns));
    check_printed("{\"LTC-USD\":31.005}");
    now_ns += 30 * NS_PER_S;
    ck_assert(starvation_check(starvation, now_ns));
    check_printed("{\"ETH-USD\":41.005,\"LTC-USD\":61.005}");
}
END_TEST

START_TEST(without_a_connection_none_starves)
{
    now_ns += 31 * NS_PER_S;
    starvation_check(starvation, now_ns);
    ck_assert_uint_eq(starvation_count(starvation), 3);
    starvation_rest_all(starvation);
    ck_assert_uint_eq(starvation_count(starvation), 0);
    check_printed("{}");
    ck_assert(!starvation_check(starvation, now_ns + 1000 * NS_PER_S));
}
END_TEST

START_TEST(an_unsubscribed_stream_does_not_starve)
{
    starvation_rest(starvation, ETH);
    now_ns += 31 * NS_PER_S;
    starvation_check(starvation, now_ns);
    check_printed("{\"BTC-USD\":31.000,\"LTC-USD\":31.000}");
    starvation_rest(starvation, BTC);
    ck_assert_uint_eq(starvation_count(starvation), 1);
}
END_TEST

START_TEST(a_new_subscription_ends_the_staleness)
{
    now_ns += 31 * NS_PER_S;
    starvation_check(starvation, now_ns);
    starvation_expect(starvation, BTC, now_ns);
    ck_assert_uint_eq(starvation_count(starvation), 2);
    now_ns += 31 * NS_PER_S;
    ck_assert(starvation_check(starvation, now_ns));
    check_printed("{\"BTC-USD\":31.000,\"ETH-USD\":62.000,\"LTC-USD\":62.000}");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("starvation");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, streams_starve_one_by_one);
    tcase_add_test(tests, without_a_connection_none_starves);
    tcase_add_test(tests, an_unsubscribed_stream_does_not_starve);
    tcase_add_test(tests, a_new_subscription_ends_the_staleness);
    Suite *suite = suite_create("starvation");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
