/* Groups of sources in the loop; who is active, and when, is test_failover.c's. */
#include "common/log.h"
#include "connectord/sources/groups.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

static loop_t *loop;
static groups_t *groups;
static char told[64]; /* the members that changed: a letter each, in capitals when it became active */
static group_member_t *one, *two, *other;

static group_member_t *member_of(char letter)
{
    return letter == 'a' ? one : letter == 'b' ? two : other;
}

static void on_changed(void *item)
{
    char letter = *(const char *)item;
    bool active = group_member_role(member_of(letter)) == GROUP_ACTIVE;
    size_t length = strlen(told);
    ck_assert_uint_lt(length, sizeof told - 1);
    told[length] = active ? (char)(letter - 'a' + 'A') : letter;
    uv_stop(loop_uv(loop));
}

static void make(uint32_t after_ms, uint32_t hysteresis_ms)
{
    static char a[] = "a", b[] = "b", x[] = "x";
    groups = groups_new(loop, (failover_config_t){after_ms, hysteresis_ms}, on_changed);
    ck_assert_ptr_nonnull(groups);
    one = groups_join(groups, TEXT("btc"), a);
    other = groups_join(groups, TEXT("eth"), x);
    two = groups_join(groups, TEXT("btc"), b);
    ck_assert(one && two && other);
}

static void set_up(void)
{
    memset(told, 0, sizeof told);
    loop = loop_new();
    ck_assert_ptr_nonnull(loop);
    log_set_level(LOG_LEVEL_ERROR);
}

static void tear_down(void)
{
    groups_destroy(&groups);
    loop_destroy(&loop);
}

static void wait_for(const char *letters)
{
    while (!strstr(told, letters))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_str_eq(told, letters);
    memset(told, 0, sizeof told);
}

START_TEST(first_member_of_each_group_is_active)
{
    make(1000, 1000);
    ck_assert_int_eq(group_member_role(one), GROUP_ACTIVE);
    ck_assert_int_eq(group_member_role(two), GROUP_STANDBY);
    ck_assert_int_eq(group_member_role(other), GROUP_ACTIVE);
    ck_assert(text_equal(group_member_group(two), TEXT("btc")));
    ck_assert_str_eq(told, "");
}
END_TEST

START_TEST(backup_takes_over_by_the_clock_alone_and_the_former_is_told_first)
{
    make(5, 5);
    group_member_report(one, FAILOVER_FIT);
    group_member_report(two, FAILOVER_FIT);
    group_member_report(one, FAILOVER_UNFIT);
    ck_assert_str_eq(told, "");
    wait_for("aB");
    ck_assert_int_eq(group_member_role(other), GROUP_ACTIVE);
    group_member_report(one, FAILOVER_FIT);
    ck_assert_str_eq(told, "");
    wait_for("bA");
}
END_TEST

START_TEST(without_a_delay_the_change_is_told_within_the_report)
{
    make(0, 0);
    group_member_report(two, FAILOVER_FIT);
    ck_assert_str_eq(told, "aB");
    group_member_report(one, FAILOVER_FIT);
    ck_assert_str_eq(told, "aBbA");
}
END_TEST

static void on_later(void *arg)
{
    *(bool *)arg = true;
}

START_TEST(nothing_is_told_after_the_end)
{
    bool later = false;
    loop_timer_t *timer = loop_timer_new(loop, on_later, &later);
    make(5, 5);
    group_member_report(two, FAILOVER_FIT);
    memset(told, 0, sizeof told); /* a machine that stood still has told it within the report */
    groups_destroy(&groups);
    ck_assert_ptr_null(groups);
    loop_timer_start(timer, 10, 0); /* behind when it would have been told */
    while (!later)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_str_eq(told, "");
    loop_timer_destroy(&timer);
}
END_TEST

START_TEST(backup_is_active_when_the_active_one_leaves)
{
    make(1000, 1000);
    group_member_report(two, FAILOVER_FIT);
    group_member_leave(&one);
    ck_assert_ptr_null(one);
    ck_assert_str_eq(told, "B");
    group_member_leave(&two);
    ck_assert_str_eq(told, "B");
    two = groups_join(groups, TEXT("btc"), told); /* the group starts over */
    ck_assert_int_eq(group_member_role(two), GROUP_ACTIVE);
}
END_TEST

START_TEST(order_that_changed_decides_from_then_on)
{
    make(0, 5);
    group_member_report(one, FAILOVER_FIT);
    group_member_report(two, FAILOVER_FIT);
    group_member_move_last(one);
    ck_assert_int_eq(group_member_role(one), GROUP_ACTIVE);
    wait_for("aB");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("groups");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 20);
    tcase_add_test(tests, first_member_of_each_group_is_active);
    tcase_add_test(tests, backup_takes_over_by_the_clock_alone_and_the_former_is_told_first);
    tcase_add_test(tests, without_a_delay_the_change_is_told_within_the_report);
    tcase_add_test(tests, nothing_is_told_after_the_end);
    tcase_add_test(tests, backup_is_active_when_the_active_one_leaves);
    tcase_add_test(tests, order_that_changed_decides_from_then_on);
    return RUN_TESTS("groups", tests);
}
