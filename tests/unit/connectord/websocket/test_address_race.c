#include "common/clock.h"
#include "connectord/websocket/address_race.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS NS_PER_MS

static address_race_t race;

/* Begins with the addresses of a text, at time 0; spaces lie between them. */
static void begin(const char *text)
{
    lookup_address_t addresses[LOOKUP_ADDRESSES];
    size_t count = 0;
    int length;
    for (; sscanf(text, "%63s%n", addresses[count].text, &length) == 1; text += length)
        count++;
    address_race_begin(&race, addresses, count, 0);
}

static void check_order(const char *wanted)
{
    char found[ADDRESS_RACE_MAX * sizeof(lookup_address_t)] = "";
    for (size_t i = 0; i < race.count; i++) {
        strcat(found, i > 0 ? " " : "");
        strcat(found, race.addresses[i].text);
    }
    ck_assert_str_eq(found, wanted);
}

static size_t number_of(const char *address)
{
    size_t i = 0;
    while (i < race.count && strcmp(race.addresses[i].text, address) != 0)
        i++;
    ck_assert_uint_lt(i, race.count);
    return i;
}

static void set_up(void)
{
    race = (address_race_t){0};
}

START_TEST(families_take_turns_and_keep_their_order)
{
    static const struct {
        const char *given, *wanted;
    } cases[] = {
        {"1.1.1.1", "1.1.1.1"},
        {"1.1.1.1 2.2.2.2", "1.1.1.1 2.2.2.2"},
        {"a::1 a::2 a::3 1.1.1.1 2.2.2.2", "a::1 1.1.1.1 a::2 2.2.2.2 a::3"},
        {"1.1.1.1 2.2.2.2 3.3.3.3 a::1", "1.1.1.1 a::1 2.2.2.2 3.3.3.3"},
        {"a::1 a::2 1.1.1.1", "a::1 1.1.1.1 a::2"},
        {"1.1.1.1 1.1.1.1 a::1 1.1.1.1", "1.1.1.1 a::1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(cases[i].given);
        check_order(cases[i].wanted);
    }
}
END_TEST

START_TEST(a_family_has_its_turn_however_many_the_other_has)
{
    begin("a::1 a::2 a::3 a::4 a::5 a::6 a::7 a::8 a::9 a::a 1.1.1.1");
    check_order("a::1 1.1.1.1 a::2 a::3 a::4 a::5 a::6 a::7");
}
END_TEST

START_TEST(address_that_was_good_goes_first)
{
    begin("a::1 a::2 1.1.1.1 2.2.2.2");
    address_race_opened(&race, number_of("2.2.2.2"));
    begin("a::1 a::2 1.1.1.1 2.2.2.2");
    check_order("2.2.2.2 a::1 1.1.1.1 a::2");
    begin("a::1 1.1.1.1"); /* the host has moved */
    check_order("a::1 1.1.1.1");
    begin("a::1 2.2.2.2 1.1.1.1");
    check_order("2.2.2.2 a::1 1.1.1.1");
}
END_TEST

START_TEST(address_that_led_nowhere_goes_last)
{
    begin("a::1 a::2 1.1.1.1");
    address_race_opened(&race, number_of("a::1"));
    address_race_led_nowhere(&race, number_of("a::1"));
    begin("a::1 a::2 1.1.1.1");
    check_order("a::2 1.1.1.1 a::1");
    begin("a::1");
    check_order("a::1");
    address_race_opened(&race, 0); /* it has recovered */
    begin("1.1.1.1 a::1");
    check_order("a::1 1.1.1.1");
}
END_TEST

/* Takes all that are due. */
static int take(int64_t now_ns)
{
    int taken = 0;
    while (address_race_next(&race, now_ns) >= 0)
        taken++;
    return taken;
}

START_TEST(an_address_that_does_not_answer_delays_the_next_by_a_quarter_of_a_second)
{
    begin("1.1.1.1 2.2.2.2 3.3.3.3");
    ck_assert_int_eq(take(0), 1);
    ck_assert_int_eq(address_race_due_ns(&race), 250 * MS);
    ck_assert_int_eq(take(250 * MS - 1), 0);
    ck_assert_int_eq(address_race_next(&race, 250 * MS), 1);
    ck_assert_int_eq(take(499 * MS), 0);
    ck_assert_int_eq(address_race_next(&race, 600 * MS), 2); /* the loop was late */
    ck_assert_int_eq(address_race_due_ns(&race), INT64_MAX);
    ck_assert_int_eq(take(10000 * MS), 0);
}
END_TEST

START_TEST(failure_makes_the_next_one_due_at_once)
{
    begin("1.1.1.1 2.2.2.2");
    take(0);
    address_race_failed(&race, 10 * MS);
    ck_assert_int_eq(address_race_due_ns(&race), 10 * MS);
    ck_assert_int_eq(address_race_next(&race, 10 * MS), 1);
}
END_TEST

START_TEST(race_is_lost_when_each_has_failed)
{
    begin("1.1.1.1 2.2.2.2 3.3.3.3");
    ck_assert_int_eq(take(0) + take(250 * MS), 2);
    address_race_failed(&race, 260 * MS);
    ck_assert_int_eq(take(260 * MS), 1);
    address_race_failed(&race, 260 * MS);
    ck_assert(!address_race_is_lost(&race));
    address_race_failed(&race, 900 * MS);
    ck_assert(address_race_is_lost(&race));
    begin("1.1.1.1");
    ck_assert(!address_race_is_lost(&race));
}
END_TEST

START_TEST(one_that_has_connected_gets_time_for_its_handshake)
{
    begin("1.1.1.1 2.2.2.2");
    take(0);
    address_race_stands(&race);
    address_race_stands(&race); /* which adds nothing */
    ck_assert_int_eq(take(2000 * MS - 1), 0);
    ck_assert_int_eq(take(2000 * MS), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("address_race");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, families_take_turns_and_keep_their_order);
    tcase_add_test(tests, a_family_has_its_turn_however_many_the_other_has);
    tcase_add_test(tests, address_that_was_good_goes_first);
    tcase_add_test(tests, address_that_led_nowhere_goes_last);
    tcase_add_test(tests, an_address_that_does_not_answer_delays_the_next_by_a_quarter_of_a_second);
    tcase_add_test(tests, failure_makes_the_next_one_due_at_once);
    tcase_add_test(tests, race_is_lost_when_each_has_failed);
    tcase_add_test(tests, one_that_has_connected_gets_time_for_its_handshake);
    return RUN_TESTS("address_race", tests);
}
