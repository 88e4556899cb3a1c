#include "common/http/places.h"
#include "common/net/address_group.h"

#include <check.h>
#include <stdlib.h>

enum { MANY = 100 };

static places_t *places;
static place_t greedy[MANY], modest[2];

static void setup(void)
{
    places = places_new(0);
}

static void teardown(void)
{
    for (size_t i = 0; i < MANY; i++)
        places_leave(places, &greedy[i]);
    for (size_t i = 0; i < 2; i++)
        places_leave(places, &modest[i]);
    ck_assert_uint_eq(places_count(places), 0);
    ck_assert_uint_eq(places_waiting(places), 0);
    places_destroy(&places);
    ck_assert_ptr_null(places);
}

static void enter(place_t *place, text_t group)
{
    ck_assert(places_enter(places, place, group));
    places_wait(places, place);
}

START_TEST(who_has_waited_longest_goes_first)
{
    ck_assert_ptr_null(places_victim(places));
    for (size_t i = 0; i < MANY; i++)
        enter(&greedy[i], TEXT("a"));
    ck_assert_ptr_eq(places_victim(places), &greedy[0]);
    places_wait(places, &greedy[0]); /* again: it was answered */
    ck_assert_ptr_eq(places_victim(places), &greedy[1]);
    places_leave(places, &greedy[1]);
    ck_assert_ptr_eq(places_victim(places), &greedy[2]);
}
END_TEST

START_TEST(an_address_that_takes_many_loses_its_own)
{
    enter(&modest[0], TEXT("b"));
    for (size_t i = 0; i < MANY; i++)
        enter(&greedy[i], TEXT("a"));
    enter(&modest[1], TEXT("c"));
    ck_assert_ptr_eq(places_victim(places), &greedy[0]);
    for (size_t i = 0; i + 1 < MANY; i++)
        places_leave(places, &greedy[i]);
    ck_assert_ptr_eq(places_victim(places), &modest[0]); /* now all have one */
}
END_TEST

START_TEST(who_is_worked_for_stays)
{
    enter(&modest[0], TEXT("b"));
    enter(&modest[1], TEXT("b"));
    places_work(places, &modest[0]);
    ck_assert_ptr_eq(places_victim(places), &modest[1]);
    places_work(places, &modest[1]);
    places_work(places, &modest[1]);
    ck_assert_ptr_null(places_victim(places));
    ck_assert_uint_eq(places_count(places), 2);
}
END_TEST

START_TEST(an_address_with_as_many_as_it_may_gives_up_its_oldest)
{
    places_limit(places, 2);
    enter(&greedy[0], TEXT("a"));
    enter(&modest[0], TEXT("b"));
    ck_assert(places_enter(places, &greedy[1], TEXT("a")));
    ck_assert_ptr_null(places_excess(places, &greedy[1]));
    places_wait(places, &greedy[1]);
    ck_assert(places_enter(places, &greedy[2], TEXT("a")));
    ck_assert_ptr_eq(places_excess(places, &greedy[2]), &greedy[0]);
    ck_assert_ptr_null(places_excess(places, &modest[0]));
    places_limit(places, 0);
    ck_assert_ptr_null(places_excess(places, &greedy[2]));
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
    Suite *suite = suite_create("places");
    TCase *tcase = tcase_create("places");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, who_has_waited_longest_goes_first);
    tcase_add_test(tcase, an_address_that_takes_many_loses_its_own);
    tcase_add_test(tcase, who_is_worked_for_stays);
    tcase_add_test(tcase, an_address_with_as_many_as_it_may_gives_up_its_oldest);
    tcase_add_loop_test(tcase, addresses_that_one_customer_has_are_one, 0, sizeof addresses / sizeof *addresses);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
