#include "cached/stores/kinds.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

START_TEST(a_kind_is_found_by_its_scheme)
{
    static const char *const names[] = {"memory", "sqlite", "postgres", "redis"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[40];
        snprintf(text, sizeof text, "%s:", names[i]);
        ck_assert_ptr_eq(store_kind(text), store_kind_at(i));
        ck_assert_str_eq(store_kind_at(i)->scheme, names[i]);
    }
    ck_assert_ptr_null(store_kind_at(4));
    ck_assert_ptr_null(store_kind("sqlit:///a"));
    ck_assert_ptr_null(store_kind("sqlite"));
    ck_assert_ptr_null(store_kind(""));
}
END_TEST

START_TEST(every_kind_can_do_everything)
{
    const store_kind_t *kind;
    for (size_t i = 0; (kind = store_kind_at(i)); i++) {
        void *const *members = (void *const *)(const void *)kind;
        for (size_t k = 0; k < sizeof *kind / sizeof *members; k++)
            ck_assert_msg(members[k], "%s: member %zu is missing", kind->scheme, k);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("kinds");
    tcase_add_test(tests, a_kind_is_found_by_its_scheme);
    tcase_add_test(tests, every_kind_can_do_everything);
    return RUN_TESTS("kinds", tests);
}
