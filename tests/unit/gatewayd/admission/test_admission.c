#include "gatewayd/admission/admission.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>
#include <string.h>

#define ONE TEXT("192.0.2.1")
#define TWO TEXT("192.0.2.2")

static hub_t hub;
static admission_t *admission;
static char kept[ADMISSION_ADDRESS_MAX];

static void setup(void)
{
    hub = (hub_t){.client_count = 0};
    admission = admission_new(&hub, 10, 2);
    ck_assert_ptr_nonnull(admission);
}

static void teardown(void)
{
    admission_destroy(&admission);
}

START_TEST(an_address_has_as_many_clients_as_it_may)
{
    ck_assert(admission_enter(admission, ONE, kept));
    ck_assert_str_eq(kept, "192.0.2.1");
    ck_assert(admission_enter(admission, ONE, kept));
    ck_assert_uint_eq(admission_refusal(admission, ONE), 503);
    ck_assert_uint_eq(admission_refusal(admission, TWO), 0);
    char none[ADMISSION_ADDRESS_MAX];
    ck_assert(!admission_enter(admission, ONE, none));
    ck_assert_str_eq(none, "");
    admission_leave(admission, kept);
    ck_assert_uint_eq(admission_refusal(admission, ONE), 0);
    admission_leave(admission, kept);
}
END_TEST

START_TEST(nobody_is_let_in_beyond_the_limit_of_all)
{
    hub.client_count = 10;
    ck_assert_uint_eq(admission_refusal(admission, ONE), 503);
    admission_limit(admission, 11, 2);
    ck_assert_uint_eq(admission_refusal(admission, ONE), 0);
}
END_TEST

START_TEST(nobody_is_let_in_when_it_is_closed)
{
    ck_assert(!admission_closed(admission));
    admission_close(admission);
    ck_assert(admission_closed(admission));
    ck_assert_uint_eq(admission_refusal(admission, ONE), 503);
}
END_TEST

START_TEST(an_address_that_is_too_long_is_not_let_in)
{
    char longer[ADMISSION_ADDRESS_MAX];
    memset(longer, '1', sizeof longer);
    ck_assert(!admission_enter(admission, (text_t){longer, sizeof longer}, kept));
    ck_assert_str_eq(kept, "");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("admission");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_address_has_as_many_clients_as_it_may);
    tcase_add_test(tcase, nobody_is_let_in_beyond_the_limit_of_all);
    tcase_add_test(tcase, nobody_is_let_in_when_it_is_closed);
    tcase_add_test(tcase, an_address_that_is_too_long_is_not_let_in);
    return RUN_TESTS("admission", tcase);
}
