/* Which addresses are admitted. */
#include "common/net/network.h"
#include "tests/unit/run_tests.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *text;
    bool valid;
} texts[] = {
    {"local", true},       {"any", true},           {"192.0.2.7", true},     {"192.0.2.0/24", true},  {"0.0.0.0/0", true},
    {"2001:db8::7", true}, {"2001:db8::/32", true}, {"::/0", true},          {"192.0.2.0/33", false}, {"2001:db8::/129", false},
    {"192.0.2", false},    {"192.0.2.0/", false},   {"192.0.2.0/x", false},  {"localhost", false},    {"", false},
    {"/8", false},         {"Local", false},        {"192.0.2.1:80", false},
};

START_TEST(networks_are_words_addresses_and_addresses_with_a_length)
{
    ck_assert_msg(network_valid(text_of(texts[_i].text)) == texts[_i].valid, "%s", texts[_i].text);
}
END_TEST

static const struct {
    const char *network, *address;
    bool admitted;
} cases[] = {
    {"local", "127.0.0.1", true},
    {"local", "127.9.9.9", true},
    {"local", "::1", true},
    {"local", "::ffff:127.0.0.1", true},
    {"local", "198.51.100.1", false},
    {"local", "2001:db8::1", false},
    {"local", ":1000:1000:4242", true}, /* ipc */
    {"local", "localhost:0:0:4242", true},
    {"any", "192.0.2.1", true},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "::ffff:192.0.2.1", true},
    {"192.0.2.1", "192.0.2.2", false},
    {"192.0.2.128/25", "192.0.2.129", true},
    {"192.0.2.128/25", "192.0.2.1", false},
    {"10.0.0.0/8", "10.255.0.1", true},
    {"10.0.0.0/8", "11.0.0.1", false},
    {"0.0.0.0/0", "203.0.113.9", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"2001:db8::/33", "2001:db8:7fff::1", true},
    {"2001:db8::/33", "2001:db8:8000::1", false},
    {"fe80::/10", "fe80::1%eth0", true},
    {"192.0.2.1", "127.0.0.1", false},
};

START_TEST(an_address_is_admitted_by_the_network_that_has_it)
{
    struct sockaddr_storage address = network_address(text_of(cases[_i].address));
    ck_assert_msg(network_admits(&cases[_i].network, 1, &address) == cases[_i].admitted, "%s in %s", cases[_i].address,
                  cases[_i].network);
}
END_TEST

START_TEST(what_the_interfaces_have_is_local)
{
    static const char *const local = "local";
    struct ifaddrs *interfaces;
    ck_assert_int_eq(getifaddrs(&interfaces), 0);
    for (const struct ifaddrs *each = interfaces; each; each = each->ifa_next) {
        struct sockaddr_storage address = {0};
        if (!each->ifa_addr || (each->ifa_addr->sa_family != AF_INET && each->ifa_addr->sa_family != AF_INET6))
            continue;
        memcpy(&address, each->ifa_addr,
               each->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
        ck_assert(network_admits(&local, 1, &address));
    }
    freeifaddrs(interfaces);
}
END_TEST

START_TEST(one_of_several_networks_is_enough)
{
    static const char *const networks[] = {"192.0.2.1", "local", "10.0.0.0/8"};
    struct sockaddr_storage last = network_address(TEXT("10.1.2.3")), none = network_address(TEXT("198.51.100.2"));
    ck_assert(network_admits(networks, 3, &last));
    ck_assert(!network_admits(networks, 3, &none));
    ck_assert(!network_admits(networks, 0, &last));
}
END_TEST

START_TEST(addresses_are_printed_as_people_write_them)
{
    static const char *const addresses[][2] = {
        {"192.0.2.1", "192.0.2.1"}, {"::ffff:192.0.2.1", "192.0.2.1"}, {"2001:db8::1", "2001:db8::1"}, {":0:0:1", "local"}};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char text[NETWORK_ADDRESS_MAX];
        struct sockaddr_storage address = network_address(text_of(addresses[i][0]));
        network_print(&address, text);
        ck_assert_str_eq(text, addresses[i][1]);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("network");
    tcase_add_loop_test(tests, networks_are_words_addresses_and_addresses_with_a_length, 0, sizeof texts / sizeof *texts);
    tcase_add_loop_test(tests, an_address_is_admitted_by_the_network_that_has_it, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, what_the_interfaces_have_is_local);
    tcase_add_test(tests, one_of_several_networks_is_enough);
    tcase_add_test(tests, addresses_are_printed_as_people_write_them);
    return RUN_TESTS("network", tests);
}
