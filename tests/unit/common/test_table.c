#include "common/table.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static table_t *table;

static void set_up(void)
{
    table = table_new();
}

static void tear_down(void)
{
    table_destroy(&table);
    ck_assert_ptr_null(table);
}

START_TEST(what_was_put_is_found_and_nothing_else)
{
    int one, two;
    ck_assert_ptr_null(table_get(table, TEXT("BTC-USD")));
    ck_assert(table_put(table, TEXT("BTC-USD"), &one));
    ck_assert(table_put(table, TEXT(""), &two));
    ck_assert_ptr_eq(table_get(table, TEXT("BTC-USD")), &one);
    ck_assert_ptr_eq(table_get(table, TEXT("")), &two);
    ck_assert_ptr_null(table_get(table, TEXT("BTC-USDT")));
    ck_assert_uint_eq(table_count(table), 2);
}
END_TEST

START_TEST(a_second_put_replaces_the_value)
{
    int one, two;
    table_put(table, TEXT("a"), &one);
    table_put(table, TEXT("a"), &two);
    ck_assert_ptr_eq(table_get(table, TEXT("a")), &two);
    ck_assert_uint_eq(table_count(table), 1);
}
END_TEST

START_TEST(the_key_is_copied)
{
    int one;
    char key[] = "volatile";
    table_put(table, text_of(key), &one);
    memset(key, 'x', sizeof key - 1);
    ck_assert_ptr_eq(table_get(table, TEXT("volatile")), &one);
}
END_TEST

enum { KEY_MAX = 32 };

/* Short ones, which stand in their entries, and long ones, which don't. */
static text_t key_of(char room[static KEY_MAX], int i)
{
    return (text_t){room, (size_t)snprintf(room, KEY_MAX, "%.*s-%d", i % 27, "abcdefghijklmnopqrstuvwxyz", i)};
}

/* Against a plain array as the model, with a seed that a failure prints. */
START_TEST(any_order_of_puts_and_removes_ends_as_in_a_plain_array)
{
    enum { KEYS = 500, STEPS = 20000 };
    static int values[KEYS];
    bool present[KEYS] = {false};
    size_t count = 0;
    unsigned seed = 20251110;
    for (int step = 0; step < STEPS; step++) {
        int i = rand_r(&seed) % KEYS;
        char room[KEY_MAX];
        text_t key = key_of(room, i);
        if (rand_r(&seed) % 2) {
            ck_assert(table_put(table, key, &values[i]));
            count += !present[i];
            present[i] = true;
        } else {
            ck_assert_ptr_eq(table_remove(table, key), present[i] ? &values[i] : NULL);
            count -= present[i];
            present[i] = false;
        }
        ck_assert_msg(table_count(table) == count, "seed 20251110, step %d", step);
    }
    for (int i = 0; i < KEYS; i++) {
        char room[KEY_MAX];
        text_t key = key_of(room, i);
        ck_assert_ptr_eq(table_get(table, key), present[i] ? &values[i] : NULL);
    }
}
END_TEST

START_TEST(each_gives_every_value_once)
{
    static int values[100];
    for (int i = 0; i < 100; i++) {
        char name[16];
        table_put(table, (text_t){name, (size_t)snprintf(name, sizeof name, "%d", i)}, &values[i]);
    }
    size_t at = 0, seen = 0;
    int *value;
    while ((value = table_each(table, &at))) {
        ck_assert_int_eq((*value)++, 0);
        seen++;
    }
    ck_assert_uint_eq(seen, 100);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("table");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_was_put_is_found_and_nothing_else);
    tcase_add_test(tests, a_second_put_replaces_the_value);
    tcase_add_test(tests, the_key_is_copied);
    tcase_add_test(tests, any_order_of_puts_and_removes_ends_as_in_a_plain_array);
    tcase_add_test(tests, each_gives_every_value_once);
    return RUN_TESTS("table", tests);
}
