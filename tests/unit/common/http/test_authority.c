/* HOST[:PORT] as it stands in headers and in the configuration. */
#include "common/http/authority.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

static const struct {
    const char *text, *host; /* NULL: invalid */
    unsigned port;
    bool address;
} cases[] = {
    {"localhost", "localhost", 0, false},
    {"localhost:8080", "localhost", 8080, false},
    {"Example.org.", "Example.org", 0, false},
    {"example.org.:80", "example.org", 80, false},
    {"127.0.0.1", "127.0.0.1", 0, true},
    {"127.0.0.1:1", "127.0.0.1", 1, true},
    {"127.0.0.1.5:1", "127.0.0.1.5", 1, false}, /* a name, of a kind */
    {"255.255.255.255:65535", "255.255.255.255", 65535, true},
    {"[::1]", "[::1]", 0, true},
    {"[::1]:8080", "[::1]", 8080, true},
    {"[fe80::1%eth0]:8080", "[fe80::1%eth0]", 8080, true},
    {"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]", 80, true},
    {"", NULL, 0, false},
    {":8080", NULL, 0, false},
    {"localhost:", NULL, 0, false},
    {"localhost:0", NULL, 0, false},
    {"localhost:65536", NULL, 0, false},
    {"localhost:008080", NULL, 0, false},
    {"localhost:+80", NULL, 0, false},
    {"localhost:80x", NULL, 0, false},
    {"localhost:80:80", NULL, 0, false},
    {"::1", NULL, 0, false}, /* without brackets nobody can tell the port */
    {"[::1", NULL, 0, false},
    {"[]", NULL, 0, false},
    {"[%eth0]", NULL, 0, false},
    {"[::1]8080", NULL, 0, false},
    {"[127.0.0.1]:80", NULL, 0, false},
    {"[localhost]:80", NULL, 0, false},
    {"[::1:8080:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0]", NULL, 0, false},
};

START_TEST(a_host_and_its_port)
{
    authority_t found;
    bool valid = authority_parse(text_of(cases[_i].text), &found);
    ck_assert_msg(valid == (cases[_i].host != NULL), "'%s' is %svalid", cases[_i].text, valid ? "" : "in");
    if (!valid)
        return;
    ck_assert_msg(text_equal(found.host, text_of(cases[_i].host)), "'%s': expected %s, found %.*s", cases[_i].text,
                  cases[_i].host, TEXT_ARG(found.host));
    ck_assert_uint_eq(found.port, cases[_i].port);
    ck_assert_msg(authority_is_address(&found) == cases[_i].address, "%s", cases[_i].text);
}
END_TEST

static bool same(const char *a, const char *b)
{
    authority_t one, other;
    ck_assert(authority_parse(text_of(a), &one));
    ck_assert(authority_parse(text_of(b), &other));
    return authority_same_host(&one, &other);
}

START_TEST(the_case_a_last_dot_and_the_port_make_no_other_host)
{
    ck_assert(same("Example.ORG:80", "example.org.:81"));
    ck_assert(same("[::A]", "[::a]:1"));
    ck_assert(!same("example.org", "example.or"));
    ck_assert(!same("example.org", "example.orh"));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("authority");
    tcase_add_loop_test(tcase, a_host_and_its_port, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, the_case_a_last_dot_and_the_port_make_no_other_host);
    return RUN_TESTS("authority", tcase);
}
