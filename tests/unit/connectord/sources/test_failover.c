/* Who is active in a failover group; the test says what time it is, in ms. */
#include "common/clock.h"
#include "connectord/sources/failover.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { AFTER_MS = 1000, HYSTERESIS_MS = 10000 };

static failover_t group;

static void set_up(void)
{
    failover_init(&group, (failover_config_t){.after_ms = AFTER_MS, .hysteresis_ms = HYSTERESIS_MS});
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(failover_add(&group, 0), i);
}

static void fit(size_t rank, int64_t at_ms)
{
    failover_report(&group, rank, FAILOVER_FIT, at_ms * NS_PER_MS);
}

static void unfit(size_t rank, int64_t at_ms)
{
    failover_report(&group, rank, FAILOVER_UNFIT, at_ms * NS_PER_MS);
}

/* Decides, and says who is active then. */
static size_t active(int64_t at_ms)
{
    size_t former = group.active;
    bool changed = failover_decide(&group, at_ms * NS_PER_MS);
    ck_assert(changed == (group.active != former));
    return group.active;
}

/* All three fit since 0 and the first one active, at 1 s. */
static void all_fit(void)
{
    for (size_t rank = 0; rank < 3; rank++)
        fit(rank, 0);
    ck_assert_uint_eq(active(1000), 0);
}

START_TEST(first_is_active_from_the_start_and_while_it_is_fit)
{
    ck_assert_uint_eq(active(0), 0);
    all_fit();
    ck_assert_uint_eq(active(1000000), 0);
    ck_assert_int_eq(failover_due_ns(&group), INT64_MAX);
}
END_TEST

START_TEST(first_that_never_comes_is_replaced)
{
    fit(2, 100);
    ck_assert_uint_eq(active(999), 0);
    ck_assert_int_eq(failover_due_ns(&group), 1000 * NS_PER_MS);
    ck_assert_uint_eq(active(1000), 2);
}
END_TEST

START_TEST(unfit_for_long_enough_hands_over_to_the_best_that_is_fit)
{
    all_fit();
    unfit(0, 20000);
    ck_assert_uint_eq(active(20999), 0);
    ck_assert_int_eq(failover_due_ns(&group), 21000 * NS_PER_MS);
    ck_assert_uint_eq(active(21000), 1);
    unfit(1, 30000);
    ck_assert_uint_eq(active(31000), 2);
}
END_TEST

START_TEST(short_trouble_changes_nothing)
{
    all_fit();
    unfit(0, 20000);
    fit(0, 20999);
    ck_assert_uint_eq(active(21500), 0);
    unfit(0, 21600); /* the time counts from here again */
    ck_assert_uint_eq(active(22599), 0);
    ck_assert_uint_eq(active(22600), 1);
}
END_TEST

START_TEST(saying_the_same_again_does_not_prolong_it)
{
    all_fit();
    unfit(0, 20000);
    unfit(0, 20900);
    ck_assert_uint_eq(active(21000), 1);
    fit(0, 30000);
    fit(0, 39000);
    ck_assert_uint_eq(active(40000), 0);
}
END_TEST

START_TEST(better_one_is_back_only_after_the_hysteresis)
{
    all_fit();
    unfit(0, 20000);
    ck_assert_uint_eq(active(21000), 1);
    fit(0, 25000);
    ck_assert_int_eq(failover_due_ns(&group), 35000 * NS_PER_MS);
    ck_assert_uint_eq(active(34999), 1);
    ck_assert_uint_eq(active(35000), 0);
}
END_TEST

START_TEST(better_one_that_flutters_is_not_back)
{
    all_fit();
    unfit(0, 20000);
    ck_assert_uint_eq(active(21000), 1);
    for (int64_t at_ms = 25000; at_ms < 100000; at_ms += 9000) {
        fit(0, at_ms);
        unfit(0, at_ms + 8000);
        ck_assert_uint_eq(active(at_ms + 8500), 1);
    }
}
END_TEST

START_TEST(worse_one_never_takes_over_from_one_that_is_fit)
{
    all_fit();
    unfit(0, 20000);
    unfit(1, 20000);
    ck_assert_uint_eq(active(21000), 2);
    fit(1, 22000);
    ck_assert_uint_eq(active(32000), 1);
    ck_assert_uint_eq(active(99000), 1);
}
END_TEST

START_TEST(without_anyone_fit_the_last_one_stays_until_there_is)
{
    all_fit();
    for (size_t rank = 0; rank < 3; rank++)
        unfit(rank, 20000);
    ck_assert_uint_eq(active(50000), 0);
    ck_assert_int_eq(failover_due_ns(&group), INT64_MAX);
    fit(2, 60000);
    ck_assert_uint_eq(active(60000), 2);
}
END_TEST

START_TEST(in_need_the_better_one_needs_no_hysteresis)
{
    all_fit();
    unfit(0, 20000);
    ck_assert_uint_eq(active(21000), 1);
    fit(0, 22000);
    unfit(1, 22500);
    unfit(2, 22500);
    ck_assert_uint_eq(active(23499), 1);
    ck_assert_uint_eq(active(23500), 0);
}
END_TEST

START_TEST(group_of_one_stays_with_it)
{
    failover_t alone;
    failover_init(&alone, (failover_config_t){0});
    failover_add(&alone, 0);
    ck_assert(!failover_decide(&alone, NS_PER_S));
    ck_assert_uint_eq(alone.active, 0);
}
END_TEST

START_TEST(next_best_that_is_fit_takes_the_place_of_one_that_leaves)
{
    all_fit();
    unfit(1, 2000);
    failover_remove(&group, 0);
    ck_assert_uint_eq(group.count, 2);
    ck_assert_uint_eq(group.active, 1); /* which was the third */
    failover_remove(&group, 1);
    ck_assert_uint_eq(group.active, 0); /* unfit, but the only one */
}
END_TEST

START_TEST(who_is_active_stays_so_when_another_leaves_or_moves)
{
    all_fit();
    failover_move_last(&group, 0);
    ck_assert_uint_eq(group.active, 2);
    failover_move_last(&group, 0);
    ck_assert_uint_eq(group.active, 1);
    failover_remove(&group, 0);
    ck_assert_uint_eq(group.active, 0);
    failover_remove(&group, 1);
    ck_assert_uint_eq(group.active, 0);
    ck_assert_uint_eq(group.count, 1);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("failover");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, first_is_active_from_the_start_and_while_it_is_fit);
    tcase_add_test(tcase, first_that_never_comes_is_replaced);
    tcase_add_test(tcase, unfit_for_long_enough_hands_over_to_the_best_that_is_fit);
    tcase_add_test(tcase, short_trouble_changes_nothing);
    tcase_add_test(tcase, saying_the_same_again_does_not_prolong_it);
    tcase_add_test(tcase, better_one_is_back_only_after_the_hysteresis);
    tcase_add_test(tcase, better_one_that_flutters_is_not_back);
    tcase_add_test(tcase, worse_one_never_takes_over_from_one_that_is_fit);
    tcase_add_test(tcase, without_anyone_fit_the_last_one_stays_until_there_is);
    tcase_add_test(tcase, in_need_the_better_one_needs_no_hysteresis);
    tcase_add_test(tcase, group_of_one_stays_with_it);
    tcase_add_test(tcase, next_best_that_is_fit_takes_the_place_of_one_that_leaves);
    tcase_add_test(tcase, who_is_active_stays_so_when_another_leaves_or_moves);
    return RUN_TESTS("failover", tcase);
}
