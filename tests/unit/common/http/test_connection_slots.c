#include "common/http/connection_slots.h"
#include "common/net/address_group.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

enum { MANY = 100 };

static connection_slots_t *slots;
static connection_slot_t greedy[MANY], modest[2];

static void setup(void)
{
    slots = connection_slots_new(0);
}

static void teardown(void)
{
    for (size_t i = 0; i < MANY; i++)
        connection_slots_leave(slots, &greedy[i]);
    for (size_t i = 0; i < 2; i++)
        connection_slots_leave(slots, &modest[i]);
    ck_assert_uint_eq(connection_slots_count(slots), 0);
    ck_assert_uint_eq(connection_slots_waiting(slots), 0);
    connection_slots_destroy(&slots);
    ck_assert_ptr_null(slots);
}

static void enter(connection_slot_t *slot, text_t group)
{
    ck_assert(connection_slots_enter(slots, slot, group));
    connection_slots_wait(slots, slot);
}

START_TEST(who_has_waited_longest_goes_first)
{
    ck_assert_ptr_null(connection_slots_victim(slots));
    for (size_t i = 0; i < MANY; i++)
        enter(&greedy[i], TEXT("a"));
    ck_assert_ptr_eq(connection_slots_victim(slots), &greedy[0]);
    connection_slots_wait(slots, &greedy[0]); /* again: it was answered */
    ck_assert_ptr_eq(connection_slots_victim(slots), &greedy[1]);
    connection_slots_leave(slots, &greedy[1]);
    ck_assert_ptr_eq(connection_slots_victim(slots), &greedy[2]);
}
END_TEST

START_TEST(an_address_that_takes_many_loses_its_own)
{
    enter(&modest[0], TEXT("b"));
    for (size_t i = 0; i < MANY; i++)
        enter(&greedy[i], TEXT("a"));
    enter(&modest[1], TEXT("c"));
    ck_assert_ptr_eq(connection_slots_victim(slots), &greedy[0]);
    for (size_t i = 0; i + 1 < MANY; i++)
        connection_slots_leave(slots, &greedy[i]);
    ck_assert_ptr_eq(connection_slots_victim(slots), &modest[0]); /* now all have one */
}
END_TEST

START_TEST(who_is_worked_for_stays)
{
    enter(&modest[0], TEXT("b"));
    enter(&modest[1], TEXT("b"));
    connection_slots_work(slots, &modest[0]);
    ck_assert_ptr_eq(connection_slots_victim(slots), &modest[1]);
    connection_slots_work(slots, &modest[1]);
    connection_slots_work(slots, &modest[1]);
    ck_assert_ptr_null(connection_slots_victim(slots));
    ck_assert_uint_eq(connection_slots_count(slots), 2);
}
END_TEST

START_TEST(an_address_with_as_many_as_it_may_gives_up_its_oldest)
{
    connection_slots_limit(slots, 2);
    enter(&greedy[0], TEXT("a"));
    enter(&modest[0], TEXT("b"));
    ck_assert(connection_slots_enter(slots, &greedy[1], TEXT("a")));
    ck_assert_ptr_null(connection_slots_excess(slots, &greedy[1]));
    connection_slots_wait(slots, &greedy[1]);
    ck_assert(connection_slots_enter(slots, &greedy[2], TEXT("a")));
    ck_assert_ptr_eq(connection_slots_excess(slots, &greedy[2]), &greedy[0]);
    ck_assert_ptr_null(connection_slots_excess(slots, &modest[0]));
    connection_slots_limit(slots, 0);
    ck_assert_ptr_null(connection_slots_excess(slots, &greedy[2]));
}
END_TEST

static const struct {
    const char *one, *other;
    bool same;
} addresses[] = {
    {"10.0.0.1", "10.0.0.1", true},
    {"10.0.0.1", "10.0.0.2", false},
    {"::ffff:10.0.0.1", "10.0.0.1", true},
    {"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true}, /* one /64 is one customer */
    {"2001:db8:0:1::1", "2001:db8:0:2::1", false},
    {"?", "", true},
    {"?", "10.0.0.1", false},
};

START_TEST(addresses_that_one_customer_has_are_one)
{
    char room[ADDRESS_GROUP_MAX], other_room[ADDRESS_GROUP_MAX];
    text_t one = address_group_of_text(text_of(addresses[_i].one), room);
    text_t other = address_group_of_text(text_of(addresses[_i].other), other_room);
    ck_assert_int_eq(text_equal(one, other), addresses[_i].same);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("connection_slots");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, who_has_waited_longest_goes_first);
    tcase_add_test(tcase, an_address_that_takes_many_loses_its_own);
    tcase_add_test(tcase, who_is_worked_for_stays);
    tcase_add_test(tcase, an_address_with_as_many_as_it_may_gives_up_its_oldest);
    tcase_add_loop_test(tcase, addresses_that_one_customer_has_are_one, 0, sizeof addresses / sizeof *addresses);
    return RUN_TESTS("connection_slots", tcase);
}
