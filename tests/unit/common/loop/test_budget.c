#include "common/loop/budget.h"
#include "common/loop/machine.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { LIMIT = 10 << 20, MANY = 100 };

static budget_t budget;
static budget_account_t accounts[MANY];
static size_t given_up[MANY];

static void on_give_up(void *owner)
{
    size_t *count = owner;
    ++*count;
    budget_hold(&accounts[count - given_up], 0);
}

static void setup(void)
{
    budget_init(&budget, LIMIT);
    for (size_t i = 0; i < MANY; i++)
        budget_open(&accounts[i], &budget, on_give_up, &given_up[i]);
}

static void teardown(void)
{
    for (size_t i = 0; i < MANY; i++)
        budget_close(&accounts[i]);
    ck_assert_uint_eq(budget.held_bytes, 0);
    ck_assert_uint_eq(budget.holder_count, 0);
    ck_assert(list_empty(&budget.holders));
}

static bool ask(size_t who, size_t bytes)
{
    return budget_admits(&accounts[who], bytes) && budget_hold(&accounts[who], accounts[who].bytes + bytes);
}

START_TEST(one_alone_holds_a_fifth_at_most)
{
    while (ask(0, 1))
        ;
    ck_assert_uint_eq(accounts[0].bytes, LIMIT / 4 * 3 / 5);
    ck_assert_uint_eq(budget.refused, 1);
}
END_TEST

START_TEST(who_holds_little_is_served_when_others_hold_all_they_can)
{
    for (size_t i = 0; i < MANY / 2; i++)
        while (ask(i, BUDGET_LITTLE))
            ;
    ck_assert(!ask(0, 1));
    for (size_t i = MANY / 2; i < MANY; i++)
        ck_assert_msg(ask(i, BUDGET_LITTLE), "%zu", i);
    ck_assert_uint_le(budget.held_bytes, LIMIT);
}
END_TEST

START_TEST(it_is_short_where_more_would_come_from_what_is_kept_for_those_who_hold_little)
{
    ck_assert(!budget_short(NULL, SIZE_MAX));
    ck_assert(!budget_short(&budget, LIMIT / 4 * 3) && budget_short(&budget, LIMIT / 4 * 3 + 1));
    budget_hold(&accounts[0], LIMIT / 2);
    ck_assert(!budget_short(&budget, LIMIT / 4) && budget_short(&budget, LIMIT / 4 + 1));
    budget_hold(&accounts[1], LIMIT);
    ck_assert(budget_short(&budget, 1) && !budget_short(&budget, 0));
}
END_TEST

START_TEST(what_is_only_begun_leaves_what_is_kept_for_those_who_hold_little)
{
    for (size_t i = 0; i < 6; i++) {
        ck_assert(budget_admits_begun(&accounts[i], LIMIT / 8));
        budget_hold(&accounts[i], LIMIT / 8);
    }
    ck_assert(!budget_admits_begun(&accounts[6], BUDGET_LITTLE + 1) && budget_admits_begun(&accounts[6], BUDGET_LITTLE));
    ck_assert(!budget_admits_begun(&accounts[0], 1));
    ck_assert(ask(7, BUDGET_LITTLE));
    ck_assert_uint_eq(budget.refused, 2);
}
END_TEST

START_TEST(nothing_goes_beyond_the_limit_whoever_asks)
{
    for (size_t round = 0; round < 1000; round++)
        for (size_t i = 0; i < MANY; i++)
            ask(i, 1 + 700 * (round % 7));
    ck_assert_uint_le(budget.held_bytes, LIMIT);
    ck_assert_uint_ge(budget.held_bytes, LIMIT / 2);
}
END_TEST

START_TEST(what_came_without_asking_is_given_up_by_who_has_more_than_its_share)
{
    ck_assert(budget_hold(&accounts[0], LIMIT));
    ck_assert(budget_hold(&accounts[1], 10)); /* it has less than others */
    ck_assert(!budget_hold(&accounts[0], LIMIT + 1));
    ck_assert_uint_eq(budget.given_up, 1);
}
END_TEST

START_TEST(where_somebody_was_refused_the_greediest_that_takes_nothing_gives_up)
{
    ck_assert(ask(0, LIMIT / 7));
    ck_assert(ask(1, LIMIT / 9));
    for (int i = 0; i < BUDGET_PATIENCE; i++) {
        budget_tick(&budget);
        budget_hold(&accounts[1], accounts[1].bytes - 1); /* it takes what there is */
    }
    ck_assert_uint_eq(given_up[0], 0); /* nobody was refused */
    ck_assert(!ask(2, LIMIT / 2));
    budget_tick(&budget);
    ck_assert_uint_eq(given_up[0], 1);
    ck_assert_uint_eq(given_up[1], 0);
    ck_assert(ask(2, LIMIT / 9));
}
END_TEST

START_TEST(without_a_budget_all_is_fine)
{
    budget_account_t account;
    budget_open(&account, NULL, NULL, NULL);
    ck_assert(budget_admits(&account, SIZE_MAX));
    ck_assert(budget_hold(&account, SIZE_MAX));
    budget_close(&account);
}
END_TEST

START_TEST(the_machine_has_memory)
{
    ck_assert_uint_ge(machine_memory_bytes(), 1 << 20);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("budget");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, one_alone_holds_a_fifth_at_most);
    tcase_add_test(tcase, who_holds_little_is_served_when_others_hold_all_they_can);
    tcase_add_test(tcase, it_is_short_where_more_would_come_from_what_is_kept_for_those_who_hold_little);
    tcase_add_test(tcase, what_is_only_begun_leaves_what_is_kept_for_those_who_hold_little);
    tcase_add_test(tcase, nothing_goes_beyond_the_limit_whoever_asks);
    tcase_add_test(tcase, what_came_without_asking_is_given_up_by_who_has_more_than_its_share);
    tcase_add_test(tcase, where_somebody_was_refused_the_greediest_that_takes_nothing_gives_up);
    tcase_add_test(tcase, without_a_budget_all_is_fine);
    tcase_add_test(tcase, the_machine_has_memory);
    return RUN_TESTS("budget", tcase);
}
