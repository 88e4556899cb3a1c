#include "connectord/websocket/ws_url.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

START_TEST(urls_are_taken_apart)
{
    static const struct {
        const char *text;
        bool tls;
        const char *host;
        int port;
        const char *authority, *path;
    } cases[] = {
        {"ws://127.0.0.1:5000/ws", false, "127.0.0.1", 5000, "127.0.0.1:5000", "/ws"},
        {"wss://ws.blockchain.info/mercury-gateway/v1/ws", true, "ws.blockchain.info", 443, "ws.blockchain.info",
         "/mercury-gateway/v1/ws"},
        {"ws://localhost", false, "localhost", 80, "localhost", "/"},
        {"ws://localhost:80", false, "localhost", 80, "localhost", "/"},
        {"wss://localhost:80/", true, "localhost", 80, "localhost:80", "/"},
        {"ws://[::1]:5000/a?b=c", false, "::1", 5000, "[::1]:5000", "/a?b=c"},
        {"ws://[::1]", false, "::1", 80, "[::1]", "/"},
        {"ws://host?x=1", false, "host", 80, "host", "/?x=1"},
        {"ws://host:1/?x=1", false, "host", 1, "host:1", "/?x=1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ws_url_t url;
        const char *wrong = "";
        ck_assert_msg(ws_url_parse(text_of(cases[i].text), &url, &wrong), "%s: %s", cases[i].text, wrong);
        ck_assert_msg(url.tls == cases[i].tls, "%s", cases[i].text);
        ck_assert_str_eq(url.host, cases[i].host);
        ck_assert_int_eq(url.port, cases[i].port);
        ck_assert_str_eq(url.authority, cases[i].authority);
        ck_assert_str_eq(url.path, cases[i].path);
    }
}
END_TEST

START_TEST(what_is_no_url_is_refused_with_a_reason)
{
    static const char *const cases[] = {
        "",          "http://host/",     "ws:/host",        "ws://",          "ws:///path",     "ws://:80/",
        "ws://h:0/", "ws://h:65536/",    "ws://h:/",        "ws://h:5x/",     "ws://[::1/",     "ws://[::1]x/",
        "ws://u@h/", "ws://u:p@h/",      "ws://h/a b",      "ws://h/\r\nX:1", "ws://h/#f",      "ws://h\r\nX: 1/",
        "ws://h h/", "ws://\xc3\xa9.x/", "ws://h/\xc3\xa9", "WS://h/",        "ws://[fe80::1]]"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ws_url_t url;
        const char *wrong = NULL;
        ck_assert_msg(!ws_url_parse(text_of(cases[i]), &url, &wrong), "%s was taken", cases[i]);
        ck_assert_ptr_nonnull(wrong);
    }
}
END_TEST

/* A URL with a host and a path of n characters. */
static bool parse_long(size_t host, size_t path)
{
    char text[8192] = "ws://";
    const char *wrong;
    ws_url_t url;
    memset(text + 5, 'h', host);
    text[5 + host] = '/';
    memset(text + 6 + host, 'p', path - 1);
    return ws_url_parse((text_t){text, 5 + host + path}, &url, &wrong);
}

START_TEST(lengths_are_bounded)
{
    ck_assert(parse_long(URL_HOST_MAX, URL_PATH_MAX));
    ck_assert(!parse_long(URL_HOST_MAX + 1, 1));
    ck_assert(!parse_long(1, URL_PATH_MAX + 1));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("ws_url");
    tcase_add_test(tests, urls_are_taken_apart);
    tcase_add_test(tests, what_is_no_url_is_refused_with_a_reason);
    tcase_add_test(tests, lengths_are_bounded);
    return RUN_TESTS("ws_url", tests);
}
