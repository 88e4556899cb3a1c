#include "common/array.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

START_TEST(elements_stay_and_new_ones_are_zero)
{
    uint64_t *numbers = NULL;
    size_t room = 0;
    for (size_t count = 0; count < 1000; count++) {
        ck_assert(ARRAY_RESERVE(&numbers, &room, count + 1, ARRAY_UNBOUNDED));
        ck_assert_uint_ge(room, count + 1);
        ck_assert_uint_eq(numbers[count], 0);
        numbers[count] = count + 1;
    }
    for (size_t i = 0; i < 1000; i++)
        ck_assert_uint_eq(numbers[i], i + 1);
    free(numbers);
}
END_TEST

START_TEST(room_doubles_up_to_the_maximum)
{
    uint64_t *numbers = NULL;
    size_t room = 0;
    static const size_t rooms[] = {8, 16, 32, 40};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        ck_assert(ARRAY_RESERVE(&numbers, &room, room + 1, 40));
        ck_assert_uint_eq(room, rooms[i]);
    }
    uint64_t *before = numbers;
    ck_assert(!ARRAY_RESERVE(&numbers, &room, 41, 40));
    ck_assert_ptr_eq(numbers, before);
    ck_assert_uint_eq(room, 40);
    free(numbers);
}
END_TEST

START_TEST(more_than_double_may_be_wanted)
{
    char *bytes = NULL;
    size_t room = 0;
    ck_assert(ARRAY_RESERVE(&bytes, &room, 1000, 1000));
    ck_assert_uint_eq(room, 1000);
    ck_assert_int_eq(bytes[999], 0);
    free(bytes);
}
END_TEST

START_TEST(large_elements_come_one_by_one_at_first)
{
    typedef struct {
        char bytes[100];
    } large_t;
    large_t *all = NULL;
    size_t room = 0;
    ck_assert(ARRAY_RESERVE(&all, &room, 1, ARRAY_UNBOUNDED));
    ck_assert_uint_eq(room, 1);
    ck_assert(ARRAY_RESERVE(&all, &room, 2, ARRAY_UNBOUNDED));
    ck_assert_uint_eq(room, 2);
    free(all);
}
END_TEST

START_TEST(what_no_memory_could_hold_is_refused)
{
    uint64_t *numbers = NULL;
    size_t room = 0;
    ck_assert(!ARRAY_RESERVE(&numbers, &room, SIZE_MAX / sizeof *numbers + 1, ARRAY_UNBOUNDED));
    ck_assert_ptr_null(numbers);
    ck_assert_uint_eq(room, 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("array");
    tcase_add_test(tests, elements_stay_and_new_ones_are_zero);
    tcase_add_test(tests, room_doubles_up_to_the_maximum);
    tcase_add_test(tests, more_than_double_may_be_wanted);
    tcase_add_test(tests, large_elements_come_one_by_one_at_first);
    tcase_add_test(tests, what_no_memory_could_hold_is_refused);
    return RUN_TESTS("array", tests);
}
