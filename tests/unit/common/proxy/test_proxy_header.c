#include "tests/unit/common/proxy/headers.h"

static const struct {
    const char *what;
    text_t bytes;
    const char *client; /* "?": none is named */
} good[] = {
    {"IPv4", TEXT_CONST(TCP4), "192.0.2.7"},
    {"IPv6", TEXT_CONST(TCP6), "2001:db8::7"},
    {"IPv4 within IPv6", TEXT_CONST(MAPPED), "192.0.2.7"},
    {"with TLVs", TEXT_CONST(WITH_TLVS), "192.0.2.7"},
    {"the proxy itself", TEXT_CONST(LOCAL), "?"},
    {"the proxy itself, with addresses", TEXT_CONST(SIGNATURE "\x20\x11\0\x0c\xc0\0\2\7\x7f\0\0\1\x1f\x90\0\x50"), "?"},
    {"the proxy itself, of an unknown family", TEXT_CONST(SIGNATURE "\x20\xff\0\4abcd"), "?"},
    {"of no family", TEXT_CONST(SIGNATURE "\x21\0\0\3abc"), "?"},
    {"of a Unix socket", TEXT_CONST(SIGNATURE "\x21\x31\0\4abcd"), "?"},
};

START_TEST(a_header_names_the_client)
{
    proxy_header_t header;
    ck_assert_msg(proxy_header_read(&header, good[_i].bytes) == PROXY_HEADER_WHOLE, "%s", good[_i].what);
    ck_assert_uint_eq(header.length, good[_i].bytes.length);
    check_client(&header.client, good[_i].client);
}
END_TEST

START_TEST(a_part_of_a_header_is_no_other_header)
{
    proxy_header_t header;
    for (size_t length = 0; length < good[_i].bytes.length; length++) {
        proxy_header_result_t result = proxy_header_read(&header, text_cut(good[_i].bytes, length));
        ck_assert_msg(result != PROXY_HEADER_WRONG, "%s, %zu bytes", good[_i].what, length);
        ck_assert_msg(result == PROXY_HEADER_PARTIAL || header.length == good[_i].bytes.length, "%s, %zu bytes", good[_i].what,
                      length);
    }
}
END_TEST

static const struct {
    const char *what;
    text_t bytes;
} bad[] = {
    {"a request", TEXT_CONST("GET / HTTP/1.1\r\n")},
    {"a handshake of TLS", TEXT_CONST("\x16\3\1\2\0\1\0\1\xfc\3\3")},
    {"version 1", TEXT_CONST("PROXY TCP4 192.0.2.7 127.0.0.1 8080 80\r\n")},
    {"another signature", TEXT_CONST("\r\n\r\n\0\r\nQUIT\r\x21\x11\0\x0c")},
    {"version 3", TEXT_CONST(SIGNATURE "\x31\x11\0\x0c\xc0\0\2\7\x7f\0\0\1\x1f\x90\0\x50")},
    {"an unknown command", TEXT_CONST(SIGNATURE "\x22\x11\0\x0c\xc0\0\2\7\x7f\0\0\1\x1f\x90\0\x50")},
    {"UDP", TEXT_CONST(SIGNATURE "\x21\x12\0\x0c\xc0\0\2\7\x7f\0\0\1\x1f\x90\0\x50")},
    {"an unknown family", TEXT_CONST(SIGNATURE "\x21\x41\0\x0c\xc0\0\2\7\x7f\0\0\1\x1f\x90\0\x50")},
    {"too short for its addresses", TEXT_CONST(SIGNATURE "\x21\x11\0\x0b\xc0\0\2\7\x7f\0\0\1\x1f\x90\0")},
    {"IPv6, too short", TEXT_CONST(SIGNATURE "\x21\x21\0\x0c\xc0\0\2\7\x7f\0\0\1\x1f\x90\0\x50")},
    {"too long", TEXT_CONST(SIGNATURE "\x21\x11\x07\xf1")},
};

START_TEST(anything_else_is_refused_as_soon_as_it_can_be)
{
    proxy_header_t header;
    ck_assert_msg(proxy_header_read(&header, bad[_i].bytes) == PROXY_HEADER_WRONG, "%s", bad[_i].what);
}
END_TEST

START_TEST(a_header_may_be_as_long_as_the_limit)
{
    proxy_header_t header;
    ck_assert_int_eq(proxy_header_read(&header, TEXT(SIGNATURE "\x21\x11\x07\xf0\xc0\0\2\7\x7f\0\0\1")), PROXY_HEADER_WHOLE);
    ck_assert_uint_eq(header.length, PROXY_HEADER_MAX);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("proxy_header");
    tcase_add_loop_test(tests, a_header_names_the_client, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, a_part_of_a_header_is_no_other_header, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tests, anything_else_is_refused_as_soon_as_it_can_be, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tests, a_header_may_be_as_long_as_the_limit);
    return RUN_TESTS("proxy_header", tests);
}
