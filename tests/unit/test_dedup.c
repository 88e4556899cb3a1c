#include "connectord/dedup.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static text_t id_of(char out[static 65], const char *format, unsigned number)
{
    int length = snprintf(out, 65, "%s%u", format, number);
    return (text_t){out, (size_t)length};
}

START_TEST(an_id_is_known_once_it_was_added)
{
    dedup_t *dedup = dedup_new(100);
    ck_assert(!dedup_contains(dedup, TEXT("10218211")));
    dedup_add(dedup, TEXT("10218211"), 0);
    ck_assert(dedup_contains(dedup, TEXT("10218211")));
    ck_assert(!dedup_contains(dedup, TEXT("10218212")));
    ck_assert(!dedup_contains(dedup, TEXT("1021821")));
    ck_assert(!dedup_contains(dedup, TEXT("102182110")));
    dedup_destroy(&dedup);
    ck_assert_ptr_null(dedup);
}
END_TEST

START_TEST(the_oldest_is_forgotten_beyond_the_window)
{
    enum { WINDOW = 1000 };
    char bytes[65];
    dedup_t *dedup = dedup_new(WINDOW);
    for (unsigned i = 0; i < 3 * WINDOW; i++) {
        dedup_add(dedup, id_of(bytes, "", i), 0);
        ck_assert_uint_eq(dedup_count(dedup), i < WINDOW ? i + 1 : WINDOW);
    }
    for (unsigned i = 0; i < 3 * WINDOW; i++)
        ck_assert_msg(dedup_contains(dedup, id_of(bytes, "", i)) == (i >= 2 * WINDOW), "id %u", i);
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(what_a_line_has_not_passed_is_kept_beyond_the_window)
{
    enum { WINDOW = 10, COUNT = 5000 };
    char bytes[65];
    dedup_t *dedup = dedup_new(WINDOW);
    dedup_keep(dedup, 100);
    for (unsigned i = 0; i < COUNT; i++)
        dedup_add(dedup, id_of(bytes, "", i), i);
    for (unsigned i = 0; i < COUNT; i++)
        ck_assert_msg(dedup_contains(dedup, id_of(bytes, "", i)) == (i >= 100), "id %u", i);
    dedup_keep(dedup, COUNT); /* it has caught up */
    for (unsigned i = COUNT; i < 2 * COUNT; i++)
        dedup_add(dedup, id_of(bytes, "", i), i);
    ck_assert_uint_eq(dedup_count(dedup), COUNT); /* those that it has not passed since */
    dedup_keep(dedup, INT64_MAX);
    for (unsigned i = 2 * COUNT; i < 3 * COUNT; i++)
        dedup_add(dedup, id_of(bytes, "", i), i);
    ck_assert_uint_eq(dedup_count(dedup), WINDOW);
    for (unsigned i = 0; i < 3 * COUNT; i++)
        ck_assert_msg(dedup_contains(dedup, id_of(bytes, "", i)) == (i >= 3 * COUNT - WINDOW), "id %u", i);
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(what_is_kept_is_bounded)
{
    char bytes[65];
    dedup_t *dedup = dedup_new(10);
    dedup_keep(dedup, 0);
    for (unsigned i = 0; i < DEDUP_KEPT_MAX + 1000; i++)
        dedup_add(dedup, id_of(bytes, "", i), 1);
    ck_assert_uint_eq(dedup_count(dedup), DEDUP_KEPT_MAX);
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(longer_ids_join_shorter_ones)
{
    static const char *const prefixes[] = {"", "0a6b2f6e-", "0a6b2f6e-9f2e-4c6e-8f3b-",
                                           "0123456789012345678901234567890123456789012345678901234567"};
    enum { EACH = 50 };
    char bytes[65];
    dedup_t *dedup = dedup_new(1000);
    for (unsigned p = 0; p < 4; p++)
        for (unsigned i = 0; i < EACH; i++)
            dedup_add(dedup, id_of(bytes, prefixes[p], i), 0);
    for (unsigned p = 0; p < 4; p++)
        for (unsigned i = 0; i < EACH + 10; i++)
            ck_assert_msg(dedup_contains(dedup, id_of(bytes, prefixes[p], i)) == (i < EACH), "%s", bytes);
    ck_assert_uint_eq(dedup_count(dedup), (size_t)4 * EACH);
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(a_window_of_none_knows_nothing)
{
    dedup_t *dedup = dedup_new(0);
    dedup_add(dedup, TEXT("1"), 0);
    ck_assert(!dedup_contains(dedup, TEXT("1")));
    ck_assert_uint_eq(dedup_count(dedup), 0);
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(a_window_of_one_knows_the_last)
{
    dedup_t *dedup = dedup_new(1);
    dedup_add(dedup, TEXT("1"), 0);
    dedup_add(dedup, TEXT("2"), 0);
    ck_assert(!dedup_contains(dedup, TEXT("1")));
    ck_assert(dedup_contains(dedup, TEXT("2")));
    dedup_destroy(&dedup);
}
END_TEST

/* Against a plain array that is searched from end to end. */
START_TEST(it_agrees_with_a_plain_list_whatever_comes)
{
    enum { WINDOW = 37, ROUNDS = 20000 };
    unsigned list[WINDOW], count = 0, next = 0, seed = 20251110;
    char bytes[65];
    dedup_t *dedup = dedup_new(WINDOW);
    for (unsigned round = 0; round < ROUNDS; round++) {
        seed = seed * 1664525 + 1013904223;
        unsigned number = seed >> 16 & 0x7f;
        bool known = false;
        for (unsigned i = 0; i < count; i++)
            known |= list[i] == number;
        text_t id = id_of(bytes, number % 3 ? "" : "a-longer-one-", number);
        ck_assert_msg(dedup_contains(dedup, id) == known, "round %u, id %s", round, bytes);
        if (known)
            continue;
        dedup_add(dedup, id, 0);
        list[next] = number;
        next = (next + 1) % WINDOW;
        count += count < WINDOW;
    }
    dedup_destroy(&dedup);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dedup");
    TCase *tests = tcase_create("dedup");
    tcase_set_timeout(tests, 60); /* a million ids, on a machine that is busy */
    tcase_add_test(tests, an_id_is_known_once_it_was_added);
    tcase_add_test(tests, the_oldest_is_forgotten_beyond_the_window);
    tcase_add_test(tests, longer_ids_join_shorter_ones);
    tcase_add_test(tests, a_window_of_none_knows_nothing);
    tcase_add_test(tests, a_window_of_one_knows_the_last);
    tcase_add_test(tests, it_agrees_with_a_plain_list_whatever_comes);
    tcase_add_test(tests, what_a_line_has_not_passed_is_kept_beyond_the_window);
    tcase_add_test(tests, what_is_kept_is_bounded);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
