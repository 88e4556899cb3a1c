#include "common/clock.h"
#include "common/net/guesses.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static guesses_t *guesses;
static int64_t now_ns;
static uint64_t wait_ms;

static void setup(void)
{
    guesses = guesses_new();
    now_ns = NS_PER_S;
}

static void teardown(void)
{
    guesses_destroy(&guesses);
    ck_assert_ptr_null(guesses);
}

static bool may(const char *address)
{
    return guesses_try(guesses, text_of(address), now_ns, &wait_ms);
}

static uint64_t tell(const char *address, guess_t guess)
{
    return guesses_tell(guesses, text_of(address), guess, now_ns);
}

START_TEST(each_wrong_token_makes_its_address_wait_longer)
{
    static const uint64_t waits_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
        ck_assert(may("10.0.0.1"));
        ck_assert_uint_eq(tell("10.0.0.1", GUESS_WRONG), waits_ms[i]);
        now_ns += ((int64_t)waits_ms[i] - 1) * NS_PER_MS;
        ck_assert(!may("10.0.0.1"));
        ck_assert_uint_eq(wait_ms, 1);
        ck_assert(!may("::ffff:10.0.0.1"));
        ck_assert(may("10.0.0.2"));
        tell("10.0.0.2", GUESS_RIGHT);
        now_ns += NS_PER_MS;
    }
    ck_assert_uint_eq(guesses_wrong(guesses), 8);
}
END_TEST

START_TEST(a_right_token_makes_up_for_the_wrong_ones)
{
    for (int i = 0; i < 3; i++) {
        ck_assert(may("10.0.0.1"));
        now_ns += (int64_t)tell("10.0.0.1", GUESS_WRONG) * NS_PER_MS;
    }
    ck_assert(may("10.0.0.1"));
    ck_assert_uint_eq(tell("10.0.0.1", GUESS_RIGHT), 0);
    ck_assert(may("10.0.0.1"));
    ck_assert_uint_eq(tell("10.0.0.1", GUESS_WRONG), GUESSES_FIRST_MS);
}
END_TEST

START_TEST(many_at_one_time_are_no_way_around)
{
    for (int i = 0; i < GUESSES_OPEN; i++)
        ck_assert(may("10.0.0.1"));
    ck_assert(!may("10.0.0.1"));
    for (int i = 0; i < GUESSES_OPEN; i++)
        tell("10.0.0.1", GUESS_WRONG);
    now_ns += GUESSES_LONGEST_MS * NS_PER_MS;
    ck_assert(may("10.0.0.1"));
    ck_assert(!may("10.0.0.1")); /* it was wrong before: one after the other */
    ck_assert_uint_eq(tell("10.0.0.1", GUESS_WRONG), GUESSES_LONGEST_MS);
}
END_TEST

START_TEST(what_nobody_could_say_costs_nothing)
{
    for (int i = 0; i < 100; i++) {
        ck_assert(may("10.0.0.1"));
        ck_assert_uint_eq(tell("10.0.0.1", GUESS_UNKNOWN), 0);
    }
}
END_TEST

START_TEST(a_wrong_token_is_forgotten_in_time)
{
    ck_assert(may("10.0.0.1"));
    tell("10.0.0.1", GUESS_WRONG);
    now_ns += GUESSES_FORGET_MS * NS_PER_MS;
    ck_assert(may("10.0.0.1"));
    ck_assert_uint_eq(tell("10.0.0.1", GUESS_WRONG), GUESSES_FIRST_MS);
}
END_TEST

START_TEST(no_more_addresses_are_remembered_than_there_may_be)
{
    char address[32];
    for (int i = 0; i < 3 * GUESSES_ADDRESSES; i++) {
        snprintf(address, sizeof address, "10.%d.%d.1", i / 256, i % 256);
        ck_assert(may(address));
        ck_assert_uint_eq(tell(address, GUESS_WRONG), GUESSES_FIRST_MS);
    }
    ck_assert(!may(address));
    ck_assert(may("10.0.0.1")); /* the first: it has been forgotten */
    tell("10.0.0.1", GUESS_RIGHT);
    for (int i = 0; i < GUESSES_ADDRESSES; i++) {
        snprintf(address, sizeof address, "11.%d.%d.1", i / 256, i % 256);
        ck_assert(may(address));
    }
    ck_assert(!may("12.0.0.1")); /* all are being looked at */
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("guesses");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_wrong_token_makes_its_address_wait_longer);
    tcase_add_test(tcase, a_right_token_makes_up_for_the_wrong_ones);
    tcase_add_test(tcase, many_at_one_time_are_no_way_around);
    tcase_add_test(tcase, what_nobody_could_say_costs_nothing);
    tcase_add_test(tcase, a_wrong_token_is_forgotten_in_time);
    tcase_add_test(tcase, no_more_addresses_are_remembered_than_there_may_be);
    return RUN_TESTS("guesses", tcase);
}
