#include "common/secret.h"
#include "tests/unit/run_tests.h"

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
    return RUN_TESTS("secret", tests);
}
