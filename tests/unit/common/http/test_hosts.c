#include "common/http/authority.h"
#include "common/http/hosts.h"
#include "gatewayd/admission/origins.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static const struct {
    const char *text, *host;
    int port; /* -1: invalid */
} authorities[] = {
    {"example.org", "example.org", 0},
    {"example.org:8080", "example.org", 8080},
    {"example.org.:8080", "example.org", 8080},
    {"[::1]", "[::1]", 0},
    {"[::1]:8080", "[::1]", 8080},
    {"[fe80::1%25eth0]:8080", "[fe80::1%25eth0]", 8080},
    {"127.0.0.1.", "127.0.0.1", 0},
    {"", "", -1},
    {":8080", "", -1},
    {"a:", "", -1},
    {"a:0", "", -1},
    {"a:65536", "", -1},
    {"a:8080x", "", -1},
    {"a:8080:8080", "", -1},
    {"::1", "", -1},
    {"[::1", "", -1},
    {"[]", "", -1},
    {"[evil.example]", "", -1},
    {"[::1]evil.example", "", -1},
};

START_TEST(a_host_and_its_port_are_read)
{
    authority_t authority;
    bool read = authority_parse(text_of(authorities[_i].text), &authority);
    ck_assert_msg(read == (authorities[_i].port >= 0), "%s", authorities[_i].text);
    if (!read)
        return;
    ck_assert_msg(text_equal(authority.host, text_of(authorities[_i].host)), "%s", authorities[_i].text);
    ck_assert_int_eq(authority.port, authorities[_i].port);
}
END_TEST

static const struct {
    const char *host;
    bool known;
} hosts[] = {
    {"127.0.0.1:8080", true},
    {"10.1.2.3", true},
    {"[::1]:8080", true},
    {"[2001:db8::1]", true},
    {"localhost:8080", true},
    {"LocalHost.", true},
    {"md.example", true}, /* configured */
    {"MD.Example.:443", true},
    {"gateway.example:9", true}, /* listened at */
    {"this-machine", true},
    {"", true},
    {"evil.example", false},
    {"evil.example:8080", false},
    {"127.0.0.1.evil.example", false},
    {"md.example.evil.example", false},
    {"xmd.example", false},
    {"localhost.evil.example", false},
    {"1.2.3", false},
    {"0x7f.1", false},
    {"[::1]evil.example", false},
    {"md.example:x", false},
};

START_TEST(only_addresses_and_names_of_ours_are_known)
{
    hosts_t self;
    hosts_init(&self, NULL, "gatewayd.hosts");
    hosts_listen(&self, "127.0.0.1:8080");
    hosts_listen(&self, "gateway.example:8080");
    self.names[self.count++] = "md.example";
    strcpy(self.machine, "this-machine");
    ck_assert_msg(hosts_know(&self, text_of(hosts[_i].host)) == hosts[_i].known, "%s", hosts[_i].host);
    self.names[self.count++] = "*";
    ck_assert_msg(hosts_know(&self, text_of(hosts[_i].host)), "%s", hosts[_i].host);
}
END_TEST

static const struct {
    const char *origin, *host;
    bool own;
} pages[] = {
    {"http://127.0.0.1:8080", "127.0.0.1:8080", true},
    {"http://[::1]:8080", "[::1]:8080", true},
    {"https://md.example", "md.example", true}, /* a proxy ends TLS, and passes Host on */
    {"https://md.example", "md.example:443", true},
    {"https://md.example:443", "md.example", true},
    {"https://md.example", "MD.example.", true},
    {"http://md.example", "md.example", true},
    {"http://md.example", "md.example:80", true},
    {"https://md.example", "md.example:80", false},
    {"https://md.example:8443", "md.example", false},
    {"http://localhost:3000", "localhost:8080", false}, /* another program's page on the same machine */
    {"http://localhost", "localhost:8080", false},
    {"http://evil.example:8080", "127.0.0.1:8080", false},
    {"http://127.0.0.1:8080.evil.example", "127.0.0.1:8080", false},
    {"null", "null", false},
    {"file://", "", false},
    {"http://", "", false},
    {"chrome-extension://md.example", "md.example", false},
    {"http://127.0.0.1:8080", "", false},
};

START_TEST(a_page_is_our_own_where_its_origin_is_the_host)
{
    ck_assert_msg(origin_is_own(text_of(pages[_i].origin), text_of(pages[_i].host)) == pages[_i].own, "%s at %s",
                  pages[_i].origin, pages[_i].host);
}
END_TEST

static const struct {
    const char *origin; /* NULL: none is sent */
    const char *listed;
    bool admitted;
} visitors[] = {
    {NULL, "https://a.example", true},
    {"https://a.example", "https://a.example", true},
    {"https://A.example", "https://a.example", true},
    {"https://b.example", "https://a.example", false},
    {"null", "https://a.example", false},
    {"null", "null", true},
    {"null", "*", true},
    {"", "https://a.example", false},
    {"https://b.example", "*", true},
    {"http://host.example", "https://a.example", true}, /* its own */
};

START_TEST(a_page_is_admitted_where_it_is_listed_or_our_own)
{
    const char *list[] = {visitors[_i].listed};
    origins_t connecting = {.connecting = {list, 1}}, reading = {.reading = {list, 1}};
    http_request_t request = {.host = TEXT("host.example")};
    if (visitors[_i].origin)
        request.fields[request.field_count++] = (http_field_t){TEXT("Origin"), text_of(visitors[_i].origin)};
    ck_assert(origins_may_connect(&connecting, &request) == visitors[_i].admitted);
    ck_assert(origins_may_read(&connecting, &request) == visitors[_i].admitted);
    ck_assert(origins_may_read(&reading, &request) == visitors[_i].admitted);
    bool ours = !visitors[_i].origin || strcmp(visitors[_i].origin, "http://host.example") == 0;
    ck_assert(origins_may_connect(&reading, &request) == ours);
    if (!visitors[_i].origin)
        return;
    request.fields[request.field_count++] = (http_field_t){TEXT("Origin"), text_of(visitors[_i].origin)};
    ck_assert(!origins_may_connect(&connecting, &request)); /* twice: it is anybody's */
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("hosts");
    tcase_add_loop_test(tcase, a_host_and_its_port_are_read, 0, sizeof authorities / sizeof *authorities);
    tcase_add_loop_test(tcase, only_addresses_and_names_of_ours_are_known, 0, sizeof hosts / sizeof *hosts);
    tcase_add_loop_test(tcase, a_page_is_our_own_where_its_origin_is_the_host, 0, sizeof pages / sizeof *pages);
    tcase_add_loop_test(tcase, a_page_is_admitted_where_it_is_listed_or_our_own, 0, sizeof visitors / sizeof *visitors);
    return RUN_TESTS("hosts", tcase);
}
