#include "connectord/connectors/gaps.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

START_TEST(numbers_in_order_have_no_hole)
{
    gaps_t gaps = {0};
    uint64_t expected;
    for (uint64_t i = 0; i < 1000; i++)
        ck_assert_int_eq(gaps_check(&gaps, i, &expected), GAPS_NEXT);
}
END_TEST

START_TEST(hole_is_told_with_what_was_expected)
{
    gaps_t gaps = {0};
    uint64_t expected;
    gaps_check(&gaps, 0, &expected);
    ck_assert_int_eq(gaps_check(&gaps, 3, &expected), GAPS_HOLE);
    ck_assert_uint_eq(expected, 1);
    ck_assert_int_eq(gaps_check(&gaps, 4, &expected), GAPS_NEXT); /* once told it is over */
}
END_TEST

START_TEST(first_message_must_be_number_0)
{
    gaps_t gaps = {0};
    uint64_t expected;
    ck_assert_int_eq(gaps_check(&gaps, 1, &expected), GAPS_HOLE);
    ck_assert_uint_eq(expected, 0);
}
END_TEST

START_TEST(lower_number_is_repeated_and_changes_nothing)
{
    gaps_t gaps = {0};
    uint64_t expected;
    for (uint64_t i = 0; i < 5; i++)
        gaps_check(&gaps, i, &expected);
    ck_assert_int_eq(gaps_check(&gaps, 2, &expected), GAPS_REPEATED);
    ck_assert_int_eq(gaps_check(&gaps, 3, &expected), GAPS_REPEATED);
    ck_assert_int_eq(gaps_check(&gaps, 4, &expected), GAPS_REPEATED);
    ck_assert_int_eq(gaps_check(&gaps, 5, &expected), GAPS_NEXT);
}
END_TEST

START_TEST(first_number_twice_is_repeated)
{
    gaps_t gaps = {.expected = 1};
    uint64_t expected;
    ck_assert_int_eq(gaps_check(&gaps, 0, &expected), GAPS_REPEATED);
    ck_assert_int_eq(gaps_check(&gaps, 1, &expected), GAPS_NEXT);
}
END_TEST

START_TEST(first_number_after_higher_ones_begins_the_numbering_again)
{
    gaps_t gaps = {.expected = 502};
    uint64_t expected;
    ck_assert_int_eq(gaps_check(&gaps, 0, &expected), GAPS_RESTARTED);
    ck_assert_uint_eq(expected, 502);
    ck_assert_int_eq(gaps_check(&gaps, 1, &expected), GAPS_NEXT);
    ck_assert_int_eq(gaps_check(&gaps, 3, &expected), GAPS_HOLE); /* which would be invisible up to 502 otherwise */
    ck_assert_uint_eq(expected, 2);
}
END_TEST

START_TEST(two_lower_numbers_in_a_row_begin_the_numbering_again)
{
    gaps_t gaps = {.expected = 502};
    uint64_t expected;
    ck_assert_int_eq(gaps_check(&gaps, 3, &expected), GAPS_REPEATED);
    ck_assert_int_eq(gaps_check(&gaps, 4, &expected), GAPS_RESTARTED);
    ck_assert_uint_eq(expected, 502);
    ck_assert_int_eq(gaps_check(&gaps, 5, &expected), GAPS_NEXT);
}
END_TEST

START_TEST(lower_number_by_itself_changes_nothing)
{
    gaps_t gaps = {.expected = 502};
    uint64_t expected;
    ck_assert_int_eq(gaps_check(&gaps, 3, &expected), GAPS_REPEATED);
    ck_assert_int_eq(gaps_check(&gaps, 502, &expected), GAPS_NEXT);
    ck_assert_int_eq(gaps_check(&gaps, 4, &expected), GAPS_REPEATED); /* no longer follows the 3 */
    ck_assert_int_eq(gaps_check(&gaps, 503, &expected), GAPS_NEXT);
}
END_TEST

START_TEST(some_messages_once_more_are_no_new_numbering)
{
    gaps_t gaps = {.expected = 502};
    uint64_t expected;
    for (uint64_t i = 502 - GAPS_LATE; i < 502; i++)
        ck_assert_int_eq(gaps_check(&gaps, i, &expected), GAPS_REPEATED);
    ck_assert_int_eq(gaps_check(&gaps, 502, &expected), GAPS_NEXT);
}
END_TEST

START_TEST(unread_message_may_or_may_not_have_had_a_number)
{
    for (uint64_t next = 3; next <= 5; next++) {
        gaps_t gaps = {.expected = 3};
        uint64_t expected;
        gaps_unread(&gaps);
        gaps_unread(&gaps);
        ck_assert_int_eq(gaps_check(&gaps, next, &expected), GAPS_NEXT);
        ck_assert_int_eq(gaps_check(&gaps, next + 1, &expected), GAPS_NEXT);
    }
}
END_TEST

START_TEST(more_is_missing_than_was_unread)
{
    gaps_t gaps = {.expected = 3};
    uint64_t expected;
    gaps_unread(&gaps);
    ck_assert_int_eq(gaps_check(&gaps, 5, &expected), GAPS_HOLE);
    ck_assert_uint_eq(expected, 3);
}
END_TEST

START_TEST(unread_message_excuses_only_until_the_next_number)
{
    gaps_t gaps = {.expected = 3};
    uint64_t expected;
    gaps_unread(&gaps);
    gaps_check(&gaps, 3, &expected);
    ck_assert_int_eq(gaps_check(&gaps, 5, &expected), GAPS_HOLE);
}
END_TEST

START_TEST(largest_number_does_not_wrap)
{
    gaps_t gaps = {.expected = UINT64_MAX};
    uint64_t expected;
    ck_assert_int_eq(gaps_check(&gaps, UINT64_MAX, &expected), GAPS_NEXT);
    ck_assert_int_eq(gaps_check(&gaps, UINT64_MAX - 1, &expected), GAPS_REPEATED);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("gaps");
    tcase_add_test(tests, numbers_in_order_have_no_hole);
    tcase_add_test(tests, hole_is_told_with_what_was_expected);
    tcase_add_test(tests, first_message_must_be_number_0);
    tcase_add_test(tests, lower_number_is_repeated_and_changes_nothing);
    tcase_add_test(tests, first_number_twice_is_repeated);
    tcase_add_test(tests, first_number_after_higher_ones_begins_the_numbering_again);
    tcase_add_test(tests, two_lower_numbers_in_a_row_begin_the_numbering_again);
    tcase_add_test(tests, lower_number_by_itself_changes_nothing);
    tcase_add_test(tests, some_messages_once_more_are_no_new_numbering);
    tcase_add_test(tests, unread_message_may_or_may_not_have_had_a_number);
    tcase_add_test(tests, more_is_missing_than_was_unread);
    tcase_add_test(tests, unread_message_excuses_only_until_the_next_number);
    tcase_add_test(tests, largest_number_does_not_wrap);
    return RUN_TESTS("gaps", tests);
}
