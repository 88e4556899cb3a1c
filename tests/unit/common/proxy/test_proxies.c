#include "common/proxy/proxies.h"
#include "tests/unit/run_tests.h"

static ip_address_t address(const char *text)
{
    ip_address_t address;
    ck_assert_msg(ip_address_read(text_of(text), &address), "%s", text);
    return address;
}

static bool has(const proxies_t *proxies, const char *text)
{
    ip_address_t one = address(text);
    return proxies_have(proxies, &one);
}

START_TEST(addresses_and_networks_of_both_kinds_are_proxies_and_no_others)
{
    static const char *const ranges[] = {"192.0.2.7", "10.0.0.0/9", "2001:db8::/33", "::1"};
    proxies_t proxies = {0};
    proxies_set(&proxies, ranges, 4, PROXIES_FORWARDED);
    ck_assert(has(&proxies, "192.0.2.7") && !has(&proxies, "192.0.2.8"));
    ck_assert(has(&proxies, "10.127.255.255") && !has(&proxies, "10.128.0.0"));
    ck_assert(has(&proxies, "2001:db8:7fff::1") && !has(&proxies, "2001:db8:8000::1"));
    ck_assert(has(&proxies, "::1") && !has(&proxies, "::2"));
    ck_assert(has(&proxies, "::ffff:192.0.2.7") && has(&proxies, "::ffff:10.1.2.3"));
    ck_assert_int_eq(proxies.header, PROXIES_FORWARDED);
}
END_TEST

START_TEST(the_list_is_replaced_and_what_is_counted_stays)
{
    static const char *const before[] = {"192.0.2.7", "192.0.2.8"}, *const now[] = {"192.0.2.9"};
    proxies_t proxies = {.strangers = 3};
    proxies_set(&proxies, before, 2, PROXIES_X_FORWARDED);
    proxies_set(&proxies, now, 1, PROXIES_X_FORWARDED);
    ck_assert(has(&proxies, "192.0.2.9") && !has(&proxies, "192.0.2.7") && !has(&proxies, "192.0.2.8"));
    ck_assert_uint_eq(proxies.strangers, 3);
    proxies_set(&proxies, NULL, 0, PROXIES_X_FORWARDED);
    ck_assert(!has(&proxies, "192.0.2.9"));
}
END_TEST

START_TEST(without_a_list_nobody_is_one_nor_is_who_has_no_address)
{
    static const char *const all[] = {"0.0.0.0/0", "::/0"};
    ip_address_t nobody = {.length = 0};
    proxies_t proxies = {0};
    ck_assert(!has(NULL, "127.0.0.1"));
    proxies_set(&proxies, all, 2, PROXIES_X_FORWARDED);
    ck_assert(has(&proxies, "198.51.100.1") && has(&proxies, "fe80::1"));
    ck_assert(!proxies_have(&proxies, &nobody));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("proxies");
    tcase_add_test(tests, addresses_and_networks_of_both_kinds_are_proxies_and_no_others);
    tcase_add_test(tests, the_list_is_replaced_and_what_is_counted_stays);
    tcase_add_test(tests, without_a_list_nobody_is_one_nor_is_who_has_no_address);
    return RUN_TESTS("proxies", tests);
}
