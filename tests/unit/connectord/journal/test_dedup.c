#include "connectord/journal/dedup.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static text_t id_of(char out[static 65], const char *format, unsigned number)
{
    int length = snprintf(out, 65, "%s%u", format, number);
    return (text_t){out, (size_t)length};
}

static bool contains(dedup_t *dedup, text_t id)
{
    return dedup_look(dedup, id, 1) == DEDUP_SEEN;
}

static void add(dedup_t *dedup, text_t id, int64_t time_ns)
{
    dedup_add(dedup, id, 1, time_ns);
}

START_TEST(an_id_is_known_once_it_was_added)
{
    dedup_t *dedup = dedup_new(100);
    ck_assert(!contains(dedup, TEXT("10218211")));
    add(dedup, TEXT("10218211"), 0);
    ck_assert(contains(dedup, TEXT("10218211")));
    ck_assert(!contains(dedup, TEXT("10218212")));
    ck_assert(!contains(dedup, TEXT("1021821")));
    ck_assert(!contains(dedup, TEXT("102182110")));
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
        add(dedup, id_of(bytes, "", i), 0);
        ck_assert_uint_eq(dedup_count(dedup), i < WINDOW ? i + 1 : WINDOW);
    }
    for (unsigned i = 0; i < 3 * WINDOW; i++)
        ck_assert_msg(contains(dedup, id_of(bytes, "", i)) == (i >= 2 * WINDOW), "id %u", i);
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
        add(dedup, id_of(bytes, "", i), i);
    for (unsigned i = 0; i < COUNT; i++)
        ck_assert_msg(contains(dedup, id_of(bytes, "", i)) == (i >= 100), "id %u", i);
    dedup_keep(dedup, COUNT); /* it has caught up */
    for (unsigned i = COUNT; i < 2 * COUNT; i++)
        add(dedup, id_of(bytes, "", i), i);
    ck_assert_uint_eq(dedup_count(dedup), COUNT); /* those that it has not passed since */
    dedup_keep(dedup, INT64_MAX);
    for (unsigned i = 2 * COUNT; i < 3 * COUNT; i++)
        add(dedup, id_of(bytes, "", i), i);
    ck_assert_uint_eq(dedup_count(dedup), WINDOW);
    for (unsigned i = 0; i < 3 * COUNT; i++)
        ck_assert_msg(contains(dedup, id_of(bytes, "", i)) == (i >= 3 * COUNT - WINDOW), "id %u", i);
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(what_is_kept_is_bounded)
{
    char bytes[65];
    dedup_t *dedup = dedup_new(10);
    dedup_keep(dedup, 0);
    for (unsigned i = 0; i < DEDUP_KEPT_MAX + 1000; i++)
        add(dedup, id_of(bytes, "", i), 1);
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
            add(dedup, id_of(bytes, prefixes[p], i), 0);
    for (unsigned p = 0; p < 4; p++)
        for (unsigned i = 0; i < EACH + 10; i++)
            ck_assert_msg(contains(dedup, id_of(bytes, prefixes[p], i)) == (i < EACH), "%s", bytes);
    ck_assert_uint_eq(dedup_count(dedup), (size_t)4 * EACH);
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(a_window_of_none_knows_nothing)
{
    dedup_t *dedup = dedup_new(0);
    add(dedup, TEXT("1"), 0);
    ck_assert(!contains(dedup, TEXT("1")));
    ck_assert_uint_eq(dedup_count(dedup), 0);
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(a_window_of_one_knows_the_last)
{
    dedup_t *dedup = dedup_new(1);
    add(dedup, TEXT("1"), 0);
    add(dedup, TEXT("2"), 0);
    ck_assert(!contains(dedup, TEXT("1")));
    ck_assert(contains(dedup, TEXT("2")));
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
        ck_assert_msg(contains(dedup, id) == known, "round %u, id %s", round, bytes);
        if (known)
            continue;
        add(dedup, id, 0);
        list[next] = number;
        next = (next + 1) % WINDOW;
        count += count < WINDOW;
    }
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(another_trade_with_a_known_id_is_told_from_a_repeat)
{
    dedup_t *dedup = dedup_new(100);
    ck_assert_int_eq(dedup_look(dedup, TEXT("0"), 7), DEDUP_NEW);
    dedup_add(dedup, TEXT("0"), 7, 0);
    ck_assert_int_eq(dedup_look(dedup, TEXT("0"), 7), DEDUP_SEEN);
    ck_assert_int_eq(dedup_look(dedup, TEXT("0"), 8), DEDUP_CONFLICT);
    ck_assert_int_eq(dedup_look(dedup, TEXT("1"), 7), DEDUP_NEW);
    dedup_add(dedup, TEXT("0"), 8, 0);
    ck_assert_int_eq(dedup_look(dedup, TEXT("0"), 7), DEDUP_SEEN);
    ck_assert_int_eq(dedup_look(dedup, TEXT("0"), 8), DEDUP_SEEN);
    dedup_destroy(&dedup);
}
END_TEST

START_TEST(a_window_full_of_one_id_knows_each_trade_in_it_and_forgets_the_oldest)
{
    enum { WINDOW = 10000 };
    dedup_t *dedup = dedup_new(WINDOW);
    for (unsigned i = 0; i < 3 * WINDOW; i++) {
        ck_assert_int_eq(dedup_look(dedup, TEXT("0"), i), i == 0 ? DEDUP_NEW : DEDUP_CONFLICT);
        dedup_add(dedup, TEXT("0"), i, 0);
    }
    ck_assert_uint_eq(dedup_count(dedup), WINDOW);
    for (unsigned i = 0; i < 3 * WINDOW; i++)
        ck_assert_msg(dedup_look(dedup, TEXT("0"), i) == (i >= 2 * WINDOW ? DEDUP_SEEN : DEDUP_CONFLICT), "%u", i);
    for (unsigned i = 0; i < WINDOW; i++)
        add(dedup, id_of((char[65]){0}, "other-", i), 0);
    ck_assert_int_eq(dedup_look(dedup, TEXT("0"), 3 * WINDOW - 1), DEDUP_NEW);
    dedup_destroy(&dedup);
}
END_TEST

/* Against a plain array, with few ids and few fingerprints, ids that grow, and a window that does. */
START_TEST(it_agrees_with_a_plain_list_of_ids_and_fingerprints)
{
    enum { WINDOW = 53, ROUNDS = 50000 };
    struct {
        unsigned id, fingerprint;
    } list[WINDOW];
    unsigned count = 0, next = 0, seed = 20251110;
    char bytes[65];
    dedup_t *dedup = dedup_new(WINDOW);
    for (unsigned round = 0; round < ROUNDS; round++) {
        seed = seed * 1664525 + 1013904223;
        unsigned number = seed >> 16 & 0xf, fingerprint = seed >> 20 & 0x7;
        dedup_verdict_t expected = DEDUP_NEW;
        for (unsigned i = 0; i < count; i++)
            if (list[i].id == number && expected != DEDUP_SEEN)
                expected = list[i].fingerprint == fingerprint ? DEDUP_SEEN : DEDUP_CONFLICT;
        text_t id = id_of(bytes, number % 3 ? "" : "a-longer-one-", number);
        ck_assert_msg(dedup_look(dedup, id, fingerprint) == expected, "round %u, id %s", round, bytes);
        if (expected == DEDUP_SEEN)
            continue;
        dedup_add(dedup, id, fingerprint, 0);
        list[next].id = number;
        list[next].fingerprint = fingerprint;
        next = (next + 1) % WINDOW;
        count += count < WINDOW;
    }
    dedup_destroy(&dedup);
}
END_TEST

int main(void)
{
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
    tcase_add_test(tests, another_trade_with_a_known_id_is_told_from_a_repeat);
    tcase_add_test(tests, a_window_full_of_one_id_knows_each_trade_in_it_and_forgets_the_oldest);
    tcase_add_test(tests, it_agrees_with_a_plain_list_of_ids_and_fingerprints);
    return RUN_TESTS("dedup", tests);
}
