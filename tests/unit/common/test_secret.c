#include "common/secret.h"

#include <check.h>
#include <stdlib.h>

START_TEST(a_secret_is_known_by_every_byte_and_its_length)
{
    const text_t secret = TEXT("0123456789abcdef");
    ck_assert(secret_equal(TEXT("0123456789abcdef"), secret));
    ck_assert(!secret_equal(TEXT("0123456789abcdeF"), secret));
    ck_assert(!secret_equal(TEXT("x123456789abcdef"), secret));
    ck_assert(!secret_equal(TEXT("0123456789abcde"), secret));
    ck_assert(!secret_equal(TEXT("0123456789abcdef0123456789abcdef"), secret));
    ck_assert(!secret_equal(TEXT(""), secret));
}
END_TEST

START_TEST(no_secret_is_nobodys)
{
    ck_assert(!secret_equal(TEXT(""), TEXT("")));
    ck_assert(!secret_equal(TEXT("a"), TEXT("")));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("secret");
    tcase_add_test(tests, a_secret_is_known_by_every_byte_and_its_length);
    tcase_add_test(tests, no_secret_is_nobodys);
    Suite *suite = suite_create("secret");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
