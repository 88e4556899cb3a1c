#include "connectord/subscriptions/wishes.h"

#include <check.h>
#include <stdlib.h>

static text_t symbols[] = {{"BTC-USD", 7}, {"ETH-USD", 7}, {"LTC-USD", 7}};
static wishes_t *wishes;

static void make(bool demand)
{
    static source_config_t config;
    config = (source_config_t){.symbols = symbols,
                               .symbol_count = 3,
                               .demand = demand,
                               .backoff = {.initial_ms = 100, .maximum_ms = 400, .multiplier = 2}};
    wishes = wishes_new(&config);
    ck_assert_ptr_nonnull(wishes);
}

static void tear_down(void)
{
    wishes_destroy(&wishes);
    ck_assert_ptr_null(wishes);
}

START_TEST(without_demand_all_are_wanted_from_the_start)
{
    make(false);
    for (size_t i = 0; i < 3; i++)
        ck_assert(wishes_at(wishes, i)->wanted && wishes_at(wishes, i)->state == WISH_IDLE);
}
END_TEST

START_TEST(with_demand_none_is)
{
    make(true);
    for (size_t i = 0; i < 3; i++)
        ck_assert(!wishes_at(wishes, i)->wanted);
}
END_TEST

START_TEST(they_are_found_by_symbol_and_numbered_as_configured)
{
    make(true);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(wishes_number(wishes, wishes_find(wishes, symbols[i])), i);
    ck_assert_ptr_null(wishes_find(wishes, TEXT("XRP-USD")));
}
END_TEST

START_TEST(those_asked_for_are_counted)
{
    make(true);
    ck_assert_uint_eq(wishes_asked(wishes), 0);
    wishes_at(wishes, 0)->state = WISH_ASKED;
    wishes_at(wishes, 2)->state = WISH_FAILED;
    ck_assert_uint_eq(wishes_asked(wishes), 2);
}
END_TEST

START_TEST(releases_are_taken_when_they_are_due)
{
    make(false);
    ck_assert_int_eq(wishes_nearest_ns(wishes), 0);
    wishes_at(wishes, 0)->release_ns = 300;
    wishes_at(wishes, 1)->release_ns = 100;
    wishes_at(wishes, 2)->release_ns = 200;
    ck_assert_int_eq(wishes_nearest_ns(wishes), 100);
    ck_assert_ptr_null(wishes_take_due(wishes, 99));
    ck_assert_ptr_eq(wishes_take_due(wishes, 200), wishes_at(wishes, 1));
    ck_assert_ptr_eq(wishes_take_due(wishes, 200), wishes_at(wishes, 2));
    ck_assert_ptr_null(wishes_take_due(wishes, 200));
    ck_assert(wishes_at(wishes, 0)->wanted && !wishes_at(wishes, 1)->wanted);
    ck_assert_int_eq(wishes_nearest_ns(wishes), 300);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("wishes");
    tcase_add_checked_fixture(tests, NULL, tear_down);
    tcase_add_test(tests, without_demand_all_are_wanted_from_the_start);
    tcase_add_test(tests, with_demand_none_is);
    tcase_add_test(tests, they_are_found_by_symbol_and_numbered_as_configured);
    tcase_add_test(tests, those_asked_for_are_counted);
    tcase_add_test(tests, releases_are_taken_when_they_are_due);
    Suite *suite = suite_create("wishes");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
