#include "gatewayd/rates/address_rates.h"

#include "tests/unit/run_tests.h"

#include <stdio.h>

enum { MAX = 100 };

static address_rates_t *addresses;

static void set_up(void)
{
    addresses = address_rates_new(MAX);
    ck_assert_ptr_nonnull(addresses);
}

static void tear_down(void)
{
    address_rates_destroy(&addresses);
}

/* Marks an address, and says how it was marked before. */
static int64_t mark(const char *address, int64_t with)
{
    address_rate_t *rate = address_rates_of(addresses, text_of(address));
    ck_assert_ptr_nonnull(rate);
    int64_t before = rate->requests.full_ns;
    rate->requests.full_ns = with;
    return before;
}

START_TEST(each_address_has_its_own_and_a_customers_of_ipv6_are_one)
{
    ck_assert_int_eq(mark("192.0.2.1", 1), 0);
    ck_assert_int_eq(mark("192.0.2.2", 2), 0);
    ck_assert_int_eq(mark("2001:db8::1", 3), 0);
    ck_assert_int_eq(mark("2001:db8::ffff:1", 4), 3);
    ck_assert_int_eq(mark("2001:db8:0:1::1", 5), 0);
    ck_assert_int_eq(mark("192.0.2.1", 0), 1);
    ck_assert_int_eq(mark("::ffff:192.0.2.2", 0), 2);
    ck_assert_uint_eq(address_rates_count(addresses), 4);
}
END_TEST

START_TEST(so_many_are_known_and_the_one_heard_longest_ago_goes)
{
    char address[32];
    mark("192.0.2.1", 1);
    for (int i = 0; i < 50 * MAX; i++) {
        snprintf(address, sizeof address, "10.0.%d.%d", i / 250, i % 250);
        ck_assert_int_eq(mark(address, 7), 0);
        ck_assert_int_eq(mark("192.0.2.1", 1), 1); /* it is heard all the time */
        ck_assert_uint_le(address_rates_count(addresses), MAX);
    }
    ck_assert_uint_eq(address_rates_count(addresses), MAX);
    ck_assert_int_eq(mark("10.0.0.0", 0), 0); /* long forgotten */
    ck_assert_int_eq(mark(address, 0), 7);
}
END_TEST

START_TEST(what_is_no_address_is_one)
{
    ck_assert_int_eq(mark("?", 1), 0);
    ck_assert_int_eq(mark("", 1), 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_address_has_its_own_and_a_customers_of_ipv6_are_one,
                                  so_many_are_known_and_the_one_heard_longest_ago_goes, what_is_no_address_is_one};
    return RUN_TESTS("address_rates", TEST_CASE(set_up, tear_down, tests));
}
