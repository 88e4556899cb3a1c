#include "proto/cursor.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

START_TEST(cursors_order_by_epoch_then_seq)
{
    static const cursor_t ascending[] = {{0, 0}, {0, UINT64_MAX}, {1, 0},          {1, 1},
                                         {1, 2}, {2, 1},          {UINT64_MAX, 0}, {UINT64_MAX, UINT64_MAX}};
    int count = sizeof ascending / sizeof *ascending;
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            int found = cursor_compare(ascending[i], ascending[j]);
            ck_assert_msg((found > 0) - (found < 0) == (i > j) - (i < j), "%d and %d gave %d", i, j, found);
        }
    }
}
END_TEST

START_TEST(text_form_is_epoch_hyphen_seq)
{
    char out[CURSOR_MAX];
    text_t text = {out, cursor_print(out, (cursor_t){UINT64_C(1763941200123456), 42})};
    ck_assert(text_equal(text, TEXT("1763941200123456-42")));
    text.length = cursor_print(out, (cursor_t){UINT64_MAX, UINT64_MAX});
    ck_assert(text_equal(text, TEXT("18446744073709551615-18446744073709551615")));
    ck_assert_uint_eq(text.length, CURSOR_MAX);
}
END_TEST

START_TEST(text_form_is_read_back)
{
    static const cursor_t cases[] = {{0, 0}, {1, 2}, {UINT64_C(1763941200123456), 42}, {UINT64_MAX, UINT64_MAX}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[CURSOR_MAX];
        cursor_t back;
        ck_assert(cursor_parse((text_t){out, cursor_print(out, cases[i])}, &back));
        ck_assert_int_eq(cursor_compare(back, cases[i]), 0);
    }
}
END_TEST

START_TEST(other_text_is_refused_and_leaves_the_cursor)
{
    static const char *const cases[] = {"",
                                        "-",
                                        "1",
                                        "1-",
                                        "-1",
                                        "1-2-3",
                                        "1--2",
                                        " 1-2",
                                        "1-2 ",
                                        "1:2",
                                        "a-1",
                                        "1-a",
                                        "+1-2",
                                        "1.0-2",
                                        "18446744073709551616-1",
                                        "1-18446744073709551616",
                                        "\"1-2\""};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cursor_t cursor = {7, 8};
        ck_assert_msg(!cursor_parse(text_of(cases[i]), &cursor), "%s was taken", cases[i]);
        ck_assert(cursor.epoch == 7 && cursor.seq == 8);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("cursor");
    tcase_add_test(tests, cursors_order_by_epoch_then_seq);
    tcase_add_test(tests, text_form_is_epoch_hyphen_seq);
    tcase_add_test(tests, text_form_is_read_back);
    tcase_add_test(tests, other_text_is_refused_and_leaves_the_cursor);
    return RUN_TESTS("cursor", tests);
}
