#include "gatewayd/doors/upgrade.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static http_request_t request;
static buffer_t out;
static bool agreed;

static void setup(void)
{
    out = buffer_new(0);
}

static void teardown(void)
{
    buffer_release(&out);
}

#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

static void read_fields(const char *fields)
{
    char text[4096];
    size_t length;
    http_refusal_t refusal;
    int printed =
        snprintf(text, sizeof text,
                 "GET /x HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n%s\r\n", fields);
    ck_assert_int_lt(printed, sizeof text);
    ck_assert_int_eq(http_request_read(&request, (text_t){text, (size_t)printed}, &length, &refusal), HTTP_WHOLE);
    ck_assert(request.websocket);
    http_refusal_t why = {0};
    if (upgrade_check(&request, &why))
        agreed = upgrade_answer(&request, true, &out);
    else
        buffer_printf(&out, "%u", why.status);
}

#define ACCEPT  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" /* the RFC's example */
#define DEFLATE "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"

static const struct {
    const char *fields, *expected;
} cases[] = {
    {KEY VERSION, ACCEPT "\r\n"},
    {KEY VERSION "Cookie: a\r\nX: b\r\nSec-WebSocket-Protocol: chat\r\n", ACCEPT "\r\n"},
    {KEY VERSION "Sec-WebSocket-Protocol: chat\r\nsec-websocket-protocol: a,jsonrpc\r\n",
     ACCEPT "Sec-WebSocket-Protocol: jsonrpc\r\n\r\n"},
    {KEY VERSION "Sec-WebSocket-Extensions: a; b=1\r\nsec-websocket-extensions:\r\nsec-websocket-extensions: c\r\n",
     ACCEPT "\r\n"},
    {KEY VERSION "Sec-WebSocket-Extensions: a; b=1\r\nsec-websocket-extensions: permessage-deflate\r\n",
     ACCEPT DEFLATE "\r\n\r\n"},
    {KEY VERSION "Sec-WebSocket-Extensions: permessage-deflate; unknown, permessage-deflate; server_max_window_bits=12\r\n",
     ACCEPT DEFLATE "; server_max_window_bits=12\r\n\r\n"},
    {VERSION, "400"},
    {VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n", "400"},
    {VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=a\r\n", "400"},
    {VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j Q==\r\n", "400"},
    {VERSION KEY KEY, "400"},
    {VERSION KEY "Content-Length: 3\r\n", "400"},
    {KEY, "426"},
    {KEY "Sec-WebSocket-Version: 8\r\n", "426"},
    {KEY VERSION VERSION, "426"},
};

START_TEST(a_handshake_is_answered_or_refused)
{
    static const char head[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    agreed = false;
    read_fields(cases[_i].fields);
    buffer_append(&out, TEXT("\0"));
    bool refused = cases[_i].expected[0] == '4';
    ck_assert(refused || strncmp(out.bytes, head, sizeof head - 1) == 0);
    ck_assert_str_eq(out.bytes + (refused ? 0 : sizeof head - 1), cases[_i].expected);
    ck_assert_int_eq(agreed, strstr(cases[_i].expected, DEFLATE) != NULL);
}
END_TEST

START_TEST(offers_of_extensions_have_a_bound)
{
    static const char offer[] = ", permessage-deflate";
    char fields[2048];
    for (int bytes = UPGRADE_EXTENSIONS_MAX - 1; bytes <= UPGRADE_EXTENSIONS_MAX + 1; bytes++) {
        int length = bytes - (int)sizeof offer;
        snprintf(fields, sizeof fields, KEY VERSION "Sec-WebSocket-Extensions: %0*d%s\r\n", length + 1, 0, offer);
        read_fields(fields);
        ck_assert_int_eq(agreed, bytes <= UPGRADE_EXTENSIONS_MAX);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("upgrade");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_handshake_is_answered_or_refused, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, offers_of_extensions_have_a_bound);
    return RUN_TESTS("upgrade", tcase);
}
