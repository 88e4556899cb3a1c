/* Requests of a proxy, and whom it asks for. 10.0.0.0/8 and 2001:db8:a::/48 are proxies. */
#include "common/http/http_forwarded.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>

enum { HEAD_MAX = 4096 };

#define X "X-Forwarded-For: "
#define F "Forwarded: "

static const struct {
    const char *fields;
    proxies_header_t header;
    const char *client; /* NULL: it can't be told; "?": nobody is named */
    const char *host;   /* "": none */
    bool secure;
} cases[] = {
    /* who stands furthest to the right and is no proxy */
    {"", PROXIES_X_FORWARDED, "?", "", false},
    {X "192.0.2.7", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {X "198.51.100.1, 192.0.2.7", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {X "192.0.2.7, 10.0.0.2", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {X "198.51.100.1,192.0.2.7 , 10.0.0.2,\t10.0.0.3", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {X "10.0.0.2, 10.0.0.3", PROXIES_X_FORWARDED, "10.0.0.2", "", false}, /* all are */
    {X "2001:db8::7, 2001:db8:a::1", PROXIES_X_FORWARDED, "2001:db8::7", "", false},
    {X "::ffff:192.0.2.7", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    /* lines, the last one being the nearest proxy's */
    {X "198.51.100.1\r\n" X "192.0.2.7", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {X "192.0.2.7\r\nAccept: *\r\n" X "10.0.0.2", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {X "192.0.2.7\r\nx-forwarded-for:", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    /* what a client writes is not looked at */
    {X "rubbish, \", unknown, 192.0.2.7", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {X ", 192.0.2.7", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {F "for=198.51.100.1\r\n" X "192.0.2.7", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {X "198.51.100.1\r\n" F "for=192.0.2.7", PROXIES_FORWARDED, "192.0.2.7", "", false},
    {X "198.51.100.1", PROXIES_FORWARDED, "?", "", false},
    /* with ports and brackets */
    {X "192.0.2.7:4711", PROXIES_X_FORWARDED, "192.0.2.7", "", false},
    {X "[2001:db8::7]:4711", PROXIES_X_FORWARDED, "2001:db8::7", "", false},
    {X "[2001:db8::7]", PROXIES_X_FORWARDED, "2001:db8::7", "", false},
    /* what is no address */
    {X "unknown", PROXIES_X_FORWARDED, NULL, "", false},
    {X "192.0.2.7, unknown", PROXIES_X_FORWARDED, NULL, "", false},
    {X "192.0.2.7, localhost, 10.0.0.2", PROXIES_X_FORWARDED, NULL, "", false},
    {X "192.0.2.7:", PROXIES_X_FORWARDED, NULL, "", false},
    {X "192.0.2.7:x", PROXIES_X_FORWARDED, NULL, "", false},
    {X "192.0.2.7:123456", PROXIES_X_FORWARDED, NULL, "", false},
    {X "[192.0.2.7]", PROXIES_X_FORWARDED, NULL, "", false},
    {X "[2001:db8::7", PROXIES_X_FORWARDED, NULL, "", false},
    {X "[2001:db8::7]4711", PROXIES_X_FORWARDED, NULL, "", false},
    {X "[]", PROXIES_X_FORWARDED, NULL, "", false},
    {X "192.0.2.256", PROXIES_X_FORWARDED, NULL, "", false},
    {X "192.0.2.7 10.0.0.2", PROXIES_X_FORWARDED, NULL, "", false},
    /* how they asked */
    {X "192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: md.example", PROXIES_X_FORWARDED, "192.0.2.7", "md.example",
     true},
    {X "192.0.2.7\r\nX-Forwarded-Proto: https, http\r\nX-Forwarded-Host: evil.example, md.example", PROXIES_X_FORWARDED,
     "192.0.2.7", "md.example", false},
    {"X-Forwarded-Proto: HTTPS", PROXIES_X_FORWARDED, "?", "", true},
    {X "unknown\r\nX-Forwarded-Proto: https", PROXIES_X_FORWARDED, NULL, "", false},
    /* RFC 7239 */
    {F "for=192.0.2.7", PROXIES_FORWARDED, "192.0.2.7", "", false},
    {F "For=\"[2001:db8::7]:4711\"", PROXIES_FORWARDED, "2001:db8::7", "", false},
    {F "for=192.0.2.7;proto=https;by=203.0.113.43;host=\"md.example:8443\"", PROXIES_FORWARDED, "192.0.2.7", "md.example:8443",
     true},
    {F "for=192.0.2.7;proto=https;host=md.example, for=10.0.0.2;proto=http;host=inner", PROXIES_FORWARDED, "192.0.2.7",
     "md.example", true},
    {F "for=198.51.100.1, for=192.0.2.7 ; by=_hidden , for=\"10.0.0.2:80\"", PROXIES_FORWARDED, "192.0.2.7", "", false},
    {F "for=192.0.2.7;ext=\"a,b;c\\\",d\"", PROXIES_FORWARDED, "192.0.2.7", "", false},
    {F "for=\"x, for=192.0.2.7\r\n" F "for=192.0.2.8", PROXIES_FORWARDED, "192.0.2.8", "", false},
    {F "for=\"x, for=192.0.2.7", PROXIES_FORWARDED, NULL, "", false},
    {F "for=\"x\\", PROXIES_FORWARDED, NULL, "", false},
    {F "for=unknown", PROXIES_FORWARDED, NULL, "", false},
    {F "for=_hidden", PROXIES_FORWARDED, NULL, "", false},
    {F "proto=https", PROXIES_FORWARDED, NULL, "", false},
    {F "for=192.0.2.7;for=192.0.2.8", PROXIES_FORWARDED, NULL, "", false},
    {F "for=", PROXIES_FORWARDED, NULL, "", false},
    {F "for=\"192.0.2.7\"x", PROXIES_FORWARDED, NULL, "", false},
    {F "192.0.2.7", PROXIES_FORWARDED, NULL, "", false},
    {F "=192.0.2.7;for=192.0.2.8", PROXIES_FORWARDED, NULL, "", false},
};

static void trust(proxies_t *proxies, proxies_header_t header)
{
    static const char *const ranges[] = {"10.0.0.0/8", "2001:db8:a::/48"};
    *proxies = (proxies_t){.count = 0};
    proxies_set(proxies, ranges, 2, header);
}

static void read_head(http_request_t *request, const char *head)
{
    size_t length;
    http_refusal_t refusal;
    ck_assert_msg(http_request_read(request, text_of(head), &length, &refusal) == HTTP_WHOLE, "%s", head);
}

START_TEST(the_client_is_who_the_nearest_trusted_proxies_say)
{
    char head[HEAD_MAX], room[IP_ADDRESS_MAX];
    http_request_t request;
    http_forwarded_t told;
    proxies_t proxies;
    const char *fields = cases[_i].fields, *client = cases[_i].client;
    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: x\r\n%s%s\r\n", fields, *fields ? "\r\n" : "");
    trust(&proxies, cases[_i].header);
    read_head(&request, head);
    ck_assert_msg(http_forwarded_read(&told, &request, &proxies) == (client != NULL), "%s", fields);
    if (!client)
        return;
    ip_address_print(&told.client, room);
    ck_assert_msg(strcmp(room, client) == 0, "%s: found %s", fields, room);
    ck_assert_msg(text_equal(told.host, text_of(cases[_i].host)), "%s: found %.*s", fields, TEXT_ARG(told.host));
    ck_assert_msg(told.secure == cases[_i].secure, "%s", fields);
}
END_TEST

START_TEST(proxies_in_a_row_are_so_many_at_most)
{
    char head[HEAD_MAX];
    http_request_t request;
    http_forwarded_t told;
    proxies_t proxies;
    trust(&proxies, PROXIES_X_FORWARDED);
    for (int hops = 15; hops <= 16; hops++) {
        int length = snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: x\r\n" X "198.51.100.1, 192.0.2.7");
        for (int i = 0; i < hops; i++)
            length += snprintf(head + length, sizeof head - (size_t)length, ", 10.0.0.%d", i);
        snprintf(head + length, sizeof head - (size_t)length, "\r\n\r\n");
        read_head(&request, head);
        ck_assert_msg(http_forwarded_read(&told, &request, &proxies) == (hops < 16), "%d", hops);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("http_forwarded");
    tcase_add_loop_test(tests, the_client_is_who_the_nearest_trusted_proxies_say, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, proxies_in_a_row_are_so_many_at_most);
    return RUN_TESTS("http_forwarded", tests);
}
