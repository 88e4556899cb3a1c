#include "gatewayd/admission/peers.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

START_TEST(an_address_has_no_more_connections_than_it_may)
{
    peers_t *peers = peers_new(2);
    ck_assert(peers_enter(peers, TEXT("10.0.0.1")));
    ck_assert(peers_enter(peers, TEXT("10.0.0.1")));
    ck_assert(!peers_enter(peers, TEXT("10.0.0.1")));
    ck_assert(peers_enter(peers, TEXT("::1")));
    peers_leave(peers, TEXT("10.0.0.1"));
    ck_assert(peers_enter(peers, TEXT("10.0.0.1")));
    ck_assert(!peers_enter(peers, TEXT("10.0.0.1")));
    peers_destroy(&peers);
}
END_TEST

START_TEST(an_address_that_has_left_is_forgotten)
{
    peers_t *peers = peers_new(1);
    for (int i = 0; i < 1000; i++) {
        ck_assert(peers_enter(peers, TEXT("10.0.0.1")));
        peers_leave(peers, TEXT("10.0.0.1"));
    }
    peers_leave(peers, TEXT("10.0.0.1")); /* it is not there: nothing happens */
    ck_assert(peers_enter(peers, TEXT("10.0.0.1")));
    ck_assert(!peers_enter(peers, TEXT("10.0.0.1")));
    peers_destroy(&peers);
}
END_TEST

START_TEST(a_customers_addresses_of_ipv6_are_one)
{
    peers_t *peers = peers_new(2);
    ck_assert(peers_enter(peers, TEXT("2001:db8::1")));
    ck_assert(peers_enter(peers, TEXT("2001:db8::2:1")));
    ck_assert(!peers_enter(peers, TEXT("2001:db8::3")));
    ck_assert(peers_enter(peers, TEXT("2001:db8:0:1::1")));
    ck_assert_uint_eq(peers_count(peers, TEXT("2001:db8::7")), 2);
    ck_assert_uint_eq(peers_count(peers, TEXT("2001:db8:0:2::1")), 0);
    peers_leave(peers, TEXT("2001:db8::1"));
    ck_assert(peers_enter(peers, TEXT("2001:db8::3")));
    peers_destroy(&peers);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("peers");
    tcase_add_test(tcase, an_address_has_no_more_connections_than_it_may);
    tcase_add_test(tcase, an_address_that_has_left_is_forgotten);
    tcase_add_test(tcase, a_customers_addresses_of_ipv6_are_one);
    return RUN_TESTS("peers", tcase);
}
