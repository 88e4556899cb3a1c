#include "common/http/http_request.h"
#include "tests/unit/run_tests.h"

#include <stdio.h>
#include <stdlib.h>

static http_request_t request;
static http_refusal_t refusal;
static size_t length;

static http_reading_t read_text(const char *text)
{
    length = 0;
    return http_request_read(&request, text_of(text), &length, &refusal);
}

static void require_text(text_t found, const char *expected)
{
    ck_assert_msg(text_equal(found, text_of(expected)), "expected \"%s\", found \"%.*s\"", expected, TEXT_ARG(found));
}

static void require_refused(const char *text, unsigned status)
{
    http_reading_t reading = read_text(text);
    ck_assert_msg(reading == HTTP_REFUSED, "%d for %s", (int)reading, text);
    ck_assert_msg(refusal.status == status, "%u for %s", refusal.status, text);
}

START_TEST(a_request_is_taken_apart)
{
    static const char text[] = "GET /a/b?c=d&e HTTP/1.1\r\nHost: x:80\r\nAccept:  text/html \t\r\nEmpty:\r\n\r\nGET ";
    ck_assert_int_eq(read_text(text), HTTP_WHOLE);
    ck_assert_uint_eq(length, sizeof text - 1 - 4);
    require_text(request.method, "GET");
    require_text(request.path, "/a/b");
    require_text(request.query, "c=d&e");
    require_text(http_request_field(&request, "ACCEPT"), "text/html");
    require_text(http_request_field(&request, "empty"), "");
    require_text(http_request_field(&request, "Accep"), "");
    ck_assert(request.keeps && !request.old && !request.body && !request.websocket);
}
END_TEST

START_TEST(each_begin_of_a_request_is_a_part_of_it)
{
    static const char text[] = "\r\nGET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
    for (size_t i = 0; i < sizeof text - 1; i++)
        ck_assert_int_eq(http_request_read(&request, (text_t){text, i}, &length, &refusal), HTTP_PARTIAL);
    ck_assert_int_eq(read_text(text), HTTP_WHOLE);
    ck_assert_uint_eq(length, sizeof text - 1);
}
END_TEST

START_TEST(what_two_might_read_differently_is_refused)
{
    static const char *const bad[] = {
        "GET / HTTP/1.1\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\n",
        " GET / HTTP/1.1\r\n",
        "GET  / HTTP/1.1\r\n",
        "GET / HTTP/1.1 \r\n",
        "GET /\tHTTP/1.1\r\n",
        "GET /\r\n",
        "GET\r\n",
        "GET / HTTP/1.11\r\n",
        "GET / HTTP/x.1\r\n",
        "GET / http/1.1\r\n",
        "G(T / HTTP/1.1\r\n",
        " / HTTP/1.1\r\n",
        "GET a HTTP/1.1\r\n",
        "GET ?a HTTP/1.1\r\n",
        "GET * HTTP/1.1x\r\n",
        "GET /\x01 HTTP/1.1\r\n",
        "GET /#a HTTP/1.1\r\n",
        "GET /\xc3\xa4 HTTP/1.1\r\n",
        "CONNECT a:80 HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\n Host: x\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n",
        "GET / HTTP/1.1\r\n: x\r\n",
        "GET / HTTP/1.1\r\nHost\r\n",
        "GET / HTTP/1.1\r\nHost: x\rA: b\r\n",
        "GET / HTTP/1.1\r\nHost: \x01\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x y\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        require_refused(bad[i], 400);
    require_refused("GET / HTTP/2.0\r\n", 505);
    require_refused("GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417);
    static const char nul[] = "GET / HTTP/1.1\r\nHost: x\0y\r\n";
    ck_assert_int_eq(http_request_read(&request, (text_t){nul, sizeof nul - 1}, &length, &refusal), HTTP_REFUSED);
}
END_TEST

static text_t long_head(char *room, size_t target, size_t field)
{
    int length_ =
        snprintf(room, 3 * HTTP_HEAD_MAX, "GET /%0*d HTTP/1.1\r\nHost: x\r\nA: %0*d\r\n\r\n", (int)target, 0, (int)field, 0);
    return (text_t){room, (size_t)length_};
}

START_TEST(heads_have_a_bound)
{
    static char room[3 * HTTP_HEAD_MAX];
    text_t text = long_head(room, 1, 1);
    text = long_head(room, 1, HTTP_HEAD_MAX - text.length + 1);
    ck_assert_uint_eq(text.length, HTTP_HEAD_MAX);
    ck_assert_int_eq(http_request_read(&request, text, &length, &refusal), HTTP_WHOLE);
    text = long_head(room, 1, HTTP_HEAD_MAX);
    ck_assert_int_eq(http_request_read(&request, text, &length, &refusal), HTTP_REFUSED);
    ck_assert_uint_eq(refusal.status, 431);
    text.length = HTTP_HEAD_MAX;
    ck_assert_int_eq(http_request_read(&request, text, &length, &refusal), HTTP_REFUSED);
    ck_assert_uint_eq(refusal.status, 431);
    text = long_head(room, HTTP_HEAD_MAX, 1);
    text.length = HTTP_HEAD_MAX;
    ck_assert_int_eq(http_request_read(&request, text, &length, &refusal), HTTP_REFUSED);
    ck_assert_uint_eq(refusal.status, 414);
}
END_TEST

START_TEST(fields_have_a_bound)
{
    char room[HTTP_HEAD_MAX] = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < HTTP_FIELDS_MAX; i++)
        strcat(room, i ? "A: b\r\n" : "Host: x\r\n");
    size_t end = strlen(room);
    strcat(room, "\r\n");
    ck_assert_int_eq(read_text(room), HTTP_WHOLE);
    room[end] = '\0';
    strcat(room, "A: b\r\n\r\n");
    require_refused(room, 431);
}
END_TEST

START_TEST(the_connection_goes_on_as_both_say)
{
    static const struct {
        const char *text;
        bool keeps;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true},
        {"GET / HTTP/1.9\r\nHost: x\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: a , close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: a\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: closed\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(read_text(cases[i].text), HTTP_WHOLE);
        ck_assert_msg(request.keeps == cases[i].keeps, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(a_body_is_told)
{
    ck_assert_int_eq(read_text("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), HTTP_WHOLE);
    ck_assert(!request.body);
    ck_assert_int_eq(read_text("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n"), HTTP_WHOLE);
    ck_assert(request.body);
    ck_assert_int_eq(read_text("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"), HTTP_WHOLE);
    ck_assert(request.body);
}
END_TEST

START_TEST(a_target_may_be_absolute)
{
    static const char *const cases[][3] = {{"http://a:80/b?c", "/b", "c"},
                                           {"HTTP://a", "/", ""},
                                           {"https://a?b/c", "/", "b/c"},
                                           {"http://a/?", "/", ""},
                                           {"/http://a", "/http://a", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", cases[i][0]);
        ck_assert_int_eq(read_text(text), HTTP_WHOLE);
        require_text(request.path, cases[i][1]);
        require_text(request.query, cases[i][2]);
    }
    ck_assert_int_eq(read_text("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), HTTP_WHOLE);
    require_text(request.path, "*");
}
END_TEST

START_TEST(a_websocket_is_known)
{
    static const char *const not [] = {
        "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    };
    ck_assert_int_eq(read_text("GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"),
                     HTTP_WHOLE);
    ck_assert(request.websocket);
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++) {
        ck_assert_int_eq(read_text(not [i]), HTTP_WHOLE);
        ck_assert_msg(!request.websocket, "%s", not [i]);
    }
}
END_TEST

START_TEST(what_is_encoded_is_decoded_once)
{
    static const struct {
        http_part_t part;
        const char *text, *decoded; /* NULL: refused */
    } cases[] = {
        {HTTP_PATH, "/a+b", "/a+b"},    {HTTP_QUERY, "a+b", "a b"},         {HTTP_PATH, "/%41%2f%2B", "/A/+"},
        {HTTP_QUERY, "%2b+%25", "+ %"}, {HTTP_PATH, "/%2541", "/%41"},      {HTTP_PATH, "/%", NULL},
        {HTTP_PATH, "/%4", NULL},       {HTTP_PATH, "/%4g", NULL},          {HTTP_QUERY, "%zz", NULL},
        {HTTP_QUERY, "", ""},           {HTTP_QUERY, "%f0%9F", "\xf0\x9f"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char room[64];
        text_t decoded;
        bool ok = http_decode(cases[i].part, text_of(cases[i].text), room, &decoded);
        ck_assert_msg(ok == (cases[i].decoded != NULL), "%s", cases[i].text);
        if (ok)
            require_text(decoded, cases[i].decoded);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("http_request");
    tcase_add_test(tcase, a_request_is_taken_apart);
    tcase_add_test(tcase, each_begin_of_a_request_is_a_part_of_it);
    tcase_add_test(tcase, what_two_might_read_differently_is_refused);
    tcase_add_test(tcase, heads_have_a_bound);
    tcase_add_test(tcase, fields_have_a_bound);
    tcase_add_test(tcase, the_connection_goes_on_as_both_say);
    tcase_add_test(tcase, a_body_is_told);
    tcase_add_test(tcase, a_target_may_be_absolute);
    tcase_add_test(tcase, a_websocket_is_known);
    tcase_add_test(tcase, what_is_encoded_is_decoded_once);
    return RUN_TESTS("http_request", tcase);
}
