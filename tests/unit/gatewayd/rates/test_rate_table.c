#include "gatewayd/rates/rate_table.h"

#include "tests/unit/run_tests.h"

#include <stdio.h>

enum { MAX = 100 };

static rate_table_t *entries;

static void set_up(void)
{
    entries = rate_table_new(MAX);
    ck_assert_ptr_nonnull(entries);
}

static void tear_down(void)
{
    rate_table_destroy(&entries);
}

/* Marks an entry, and says how it was marked before. */
static int64_t mark(const char *key, int64_t with)
{
    rate_entry_t *rate = rate_table_of(entries, text_of(key));
    ck_assert_ptr_nonnull(rate);
    int64_t before = rate->requests.full_ns;
    rate->requests.full_ns = with;
    return before;
}

START_TEST(each_key_has_its_own)
{
    char longest[RATE_TABLE_KEY_MAX + 1] = {0};
    memset(longest, 'k', RATE_TABLE_KEY_MAX);
    ck_assert_int_eq(mark("one", 1), 0);
    ck_assert_int_eq(mark("another", 2), 0);
    ck_assert_int_eq(mark("", 3), 0);
    ck_assert_int_eq(mark(longest, 4), 0);
    ck_assert_int_eq(mark("one", 0), 1);
    ck_assert_int_eq(mark("another", 0), 2);
    ck_assert_int_eq(mark("", 0), 3);
    ck_assert_int_eq(mark(longest, 0), 4);
    ck_assert_uint_eq(rate_table_count(entries), 4);
}
END_TEST

START_TEST(so_many_are_known_and_the_one_heard_longest_ago_goes)
{
    char key[32];
    mark("192.0.2.1", 1);
    for (int i = 0; i < 50 * MAX; i++) {
        snprintf(key, sizeof key, "10.0.%d.%d", i / 250, i % 250);
        ck_assert_int_eq(mark(key, 7), 0);
        ck_assert_int_eq(mark("192.0.2.1", 1), 1); /* it is heard all the time */
        ck_assert_uint_le(rate_table_count(entries), MAX);
    }
    ck_assert_uint_eq(rate_table_count(entries), MAX);
    ck_assert_int_eq(mark("10.0.0.0", 0), 0); /* long forgotten */
    ck_assert_int_eq(mark(key, 0), 7);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_key_has_its_own, so_many_are_known_and_the_one_heard_longest_ago_goes};
    return RUN_TESTS("rate_table", TEST_CASE(set_up, tear_down, tests));
}
