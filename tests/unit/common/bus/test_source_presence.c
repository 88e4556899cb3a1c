#include "common/bus/source_presence.h"

#include "common/clock.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static source_presence_t *presence;
static int64_t now_ns;

static void setup(void)
{
    presence = source_presence_new();
    now_ns = 1763941200 * NS_PER_S;
}

static void teardown(void)
{
    source_presence_destroy(&presence);
}

/* The names of those that are absent, each followed by a space. */
static const char *absent(void)
{
    static char names[256];
    char name[SOURCE_MAX];
    size_t length, used = 0;
    names[0] = '\0';
    while ((length = source_presence_take_absent(presence, name)) > 0)
        used += (size_t)snprintf(names + used, sizeof names - used, "%.*s ", (int)length, name);
    return names;
}

/* Each source (a letter) says something every second. */
static void pass(unsigned seconds, const char *sources)
{
    for (unsigned i = 0; i < seconds; i++) {
        now_ns += NS_PER_S;
        for (const char *source = sources; *source; source++) {
            ck_assert_str_eq(absent(), "");
            source_presence_note(presence, (text_t){source, 1}, now_ns);
        }
    }
}

START_TEST(who_is_not_heard_while_others_are_is_absent_once)
{
    pass(20, "abc");
    pass(9, "b");
    ck_assert_str_eq(absent(), "");
    pass(1, "b");
    const char *names = absent();
    ck_assert(strcmp(names, "a c ") == 0 || strcmp(names, "c a ") == 0);
    pass(20, "b");
    ck_assert_str_eq(absent(), "");
}
END_TEST

START_TEST(who_is_back_is_watched_again)
{
    pass(20, "ab");
    pass(10, "b");
    ck_assert_str_eq(absent(), "a ");
    pass(5, "ab");
    pass(10, "b");
    ck_assert_str_eq(absent(), "a ");
}
END_TEST

START_TEST(who_said_that_it_goes_is_not_missed)
{
    pass(20, "ab");
    source_presence_forget(presence, TEXT("a"));
    source_presence_forget(presence, TEXT("nobody"));
    pass(30, "b");
    ck_assert_str_eq(absent(), "");
}
END_TEST

START_TEST(what_was_said_in_a_pause_may_have_been_missed)
{
    pass(20, "ab");
    now_ns += 60 * NS_PER_S; /* the bus was cut */
    pass(9, "b");
    ck_assert_str_eq(absent(), "");
    pass(1, "ab");
    pass(9, "b");
    ck_assert_str_eq(absent(), "");
    now_ns += 4 * NS_PER_S;
    pass(10, "b");
    ck_assert_str_eq(absent(), "");
    pass(1, "b");
    ck_assert_str_eq(absent(), "a ");
}
END_TEST

START_TEST(a_clock_that_is_set_back_or_forth_makes_nobody_absent)
{
    pass(20, "ab");
    now_ns -= 3600 * NS_PER_S;
    pass(20, "ab");
    now_ns += 7200 * NS_PER_S;
    source_presence_note(presence, TEXT("b"), now_ns);
    ck_assert_str_eq(absent(), "");
    pass(20, "ab");
    ck_assert_str_eq(absent(), "");
    pass(10, "b");
    ck_assert_str_eq(absent(), "a ");
}
END_TEST

START_TEST(who_leaves_while_the_clock_is_set_back_is_absent)
{
    pass(20, "ab");
    now_ns -= 86400 * NS_PER_S; /* connectord is started again, without a */
    pass(11, "b");
    ck_assert_str_eq(absent(), "a ");
}
END_TEST

START_TEST(all_that_are_silent_are_a_silent_bus)
{
    pass(20, "ab");
    now_ns += 3600 * NS_PER_S;
    ck_assert_str_eq(absent(), "");
}
END_TEST

START_TEST(names_do_not_grow_without_end)
{
    char name[32];
    for (unsigned i = 0; i < SOURCE_PRESENCE_SOURCES_MAX + 10; i++) {
        int length = snprintf(name, sizeof name, "source%u", i);
        source_presence_note(presence, (text_t){name, (size_t)length}, now_ns);
    }
    for (unsigned i = 0; i < 10; i++)
        source_presence_note(presence, TEXT("source0"), now_ns += NS_PER_S);
    unsigned count = 0;
    char taken[SOURCE_MAX];
    while (source_presence_take_absent(presence, taken) > 0)
        count++;
    ck_assert_uint_eq(count, SOURCE_PRESENCE_SOURCES_MAX - 1);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("source_presence");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, who_is_not_heard_while_others_are_is_absent_once);
    tcase_add_test(tcase, who_is_back_is_watched_again);
    tcase_add_test(tcase, who_said_that_it_goes_is_not_missed);
    tcase_add_test(tcase, what_was_said_in_a_pause_may_have_been_missed);
    tcase_add_test(tcase, a_clock_that_is_set_back_or_forth_makes_nobody_absent);
    tcase_add_test(tcase, who_leaves_while_the_clock_is_set_back_is_absent);
    tcase_add_test(tcase, all_that_are_silent_are_a_silent_bus);
    tcase_add_test(tcase, names_do_not_grow_without_end);
    return RUN_TESTS("source_presence", tcase);
}
