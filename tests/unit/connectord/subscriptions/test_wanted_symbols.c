#include "connectord/subscriptions/wanted_symbols.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static text_t symbols[] = {{"BTC-USD", 7}, {"ETH-USD", 7}, {"LTC-USD", 7}};
static wanted_symbols_t *wanted_symbols;

static void make(bool demand)
{
    static source_config_t config;
    config = (source_config_t){.symbols = symbols,
                               .symbol_count = 3,
                               .demand = demand,
                               .backoff = {.initial_ms = 100, .maximum_ms = 400, .multiplier = 2}};
    wanted_symbols = wanted_symbols_new(&config);
    ck_assert_ptr_nonnull(wanted_symbols);
}

static void tear_down(void)
{
    wanted_symbols_destroy(&wanted_symbols);
    ck_assert_ptr_null(wanted_symbols);
}

START_TEST(without_demand_all_are_wanted_from_the_start)
{
    make(false);
    for (size_t i = 0; i < 3; i++)
        ck_assert(wanted_symbols_at(wanted_symbols, i)->wanted &&
                  wanted_symbols_at(wanted_symbols, i)->state == SUBSCRIPTION_IDLE);
}
END_TEST

START_TEST(with_demand_none_is)
{
    make(true);
    for (size_t i = 0; i < 3; i++)
        ck_assert(!wanted_symbols_at(wanted_symbols, i)->wanted);
}
END_TEST

START_TEST(they_are_found_by_symbol_and_numbered_as_configured)
{
    make(true);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(wanted_symbols_number(wanted_symbols, wanted_symbols_find(wanted_symbols, symbols[i])), i);
    ck_assert_ptr_null(wanted_symbols_find(wanted_symbols, TEXT("XRP-USD")));
}
END_TEST

START_TEST(those_asked_for_are_counted)
{
    make(true);
    ck_assert_uint_eq(wanted_symbols_asked(wanted_symbols), 0);
    wanted_symbols_at(wanted_symbols, 0)->state = SUBSCRIPTION_ASKED;
    wanted_symbols_at(wanted_symbols, 2)->state = SUBSCRIPTION_FAILED;
    ck_assert_uint_eq(wanted_symbols_asked(wanted_symbols), 2);
}
END_TEST

START_TEST(releases_are_taken_when_they_are_due)
{
    make(false);
    ck_assert_int_eq(wanted_symbols_nearest_ns(wanted_symbols), 0);
    wanted_symbols_at(wanted_symbols, 0)->release_ns = 300;
    wanted_symbols_at(wanted_symbols, 1)->release_ns = 100;
    wanted_symbols_at(wanted_symbols, 2)->release_ns = 200;
    ck_assert_int_eq(wanted_symbols_nearest_ns(wanted_symbols), 100);
    ck_assert_ptr_null(wanted_symbols_take_due(wanted_symbols, 99));
    ck_assert_ptr_eq(wanted_symbols_take_due(wanted_symbols, 200), wanted_symbols_at(wanted_symbols, 1));
    ck_assert_ptr_eq(wanted_symbols_take_due(wanted_symbols, 200), wanted_symbols_at(wanted_symbols, 2));
    ck_assert_ptr_null(wanted_symbols_take_due(wanted_symbols, 200));
    ck_assert(wanted_symbols_at(wanted_symbols, 0)->wanted && !wanted_symbols_at(wanted_symbols, 1)->wanted);
    ck_assert_int_eq(wanted_symbols_nearest_ns(wanted_symbols), 300);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("wanted_symbols");
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, without_demand_all_are_wanted_from_the_start);
    tcase_add_test(tests, with_demand_none_is);
    tcase_add_test(tests, they_are_found_by_symbol_and_numbered_as_configured);
    tcase_add_test(tests, those_asked_for_are_counted);
    tcase_add_test(tests, releases_are_taken_when_they_are_due);
    return RUN_TESTS("wanted_symbols", tests);
}
