#include "connectord/websocket/handshake.h"
#include "tests/unit/run_tests.h"

#include <stdlib.h>

#define KEY    "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455, 1.3 */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define GOOD                                                                                                                   \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r"  \
    "\n"

static handshake_t asked(void)
{
    handshake_t self = handshake_new();
    memcpy(self.key, KEY, sizeof KEY);
    return self;
}

/* The answer, `step` bytes at a time, and what is left of the bytes behind it. */
static handshake_result_t take(const char *answer, size_t step, text_t *rest)
{
    handshake_t self = asked();
    handshake_result_t result = HANDSHAKE_UNFINISHED;
    size_t length = strlen(answer);
    text_t wrong;
    for (size_t at = 0; at < length && result == HANDSHAKE_UNFINISHED; at += step) {
        *rest = (text_t){answer + at, length - at < step ? length - at : step};
        result = handshake_take(&self, rest, &wrong);
        ck_assert(result != HANDSHAKE_UNFINISHED || rest->length == 0);
        ck_assert(result != HANDSHAKE_REFUSED || wrong.length > 0);
    }
    handshake_release(&self);
    return result;
}

START_TEST(answer_is_taken_however_it_comes)
{
    text_t rest;
    for (size_t step = 1; step <= strlen(GOOD); step++)
        ck_assert_int_eq(take(GOOD, step, &rest), HANDSHAKE_DONE);
    ck_assert_int_eq(take("HTTP/1.1 101 Any Words\r\nServer: x\r\nupgrade:  WebSocket \r\nCONNECTION: keep-alive,\tupgrade\r\n"
                          "sec-websocket-accept:" ACCEPT "\r\n\r\n",
                          1000, &rest),
                     HANDSHAKE_DONE);
}
END_TEST

START_TEST(what_follows_the_answer_stays)
{
    text_t rest;
    for (size_t step = strlen(GOOD); step < strlen(GOOD) + 5; step++) {
        ck_assert_int_eq(take(GOOD "frame", step, &rest), HANDSHAKE_DONE);
        ck_assert(text_starts_with(TEXT("frame"), rest));
        ck_assert_uint_eq(rest.length, step - strlen(GOOD));
    }
}
END_TEST

START_TEST(other_answers_are_refused)
{
    static const char *const cases[] = {
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\n\r\n",
        "220 mail.example ESMTP\r\n\r\n",
        "HTTP/1.1 101 x\r\n\r\n",
        "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA" ACCEPT "\r\n\r\n",
        "HTTP/1.1 101 x\r\nUpgrade: websockets\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
        "HTTP/1.1 101 x\r\nnonsense\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
        "HTTP/1.1 101 x\r\nSec-WebSocket-Extensions: permessage-deflate\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
        "HTTP/1.1 101 x\r\nSec-WebSocket-Protocol: chat\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
    };
    text_t rest;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(take(cases[i], 1000, &rest) == HANDSHAKE_REFUSED, "%s", cases[i]);
}
END_TEST

START_TEST(endless_answer_is_refused)
{
    handshake_t self = asked();
    text_t wrong;
    handshake_result_t result = HANDSHAKE_UNFINISHED;
    size_t taken = 0;
    while (result == HANDSHAKE_UNFINISHED) {
        text_t input = TEXT("X: y\r\n");
        result = handshake_take(&self, &input, &wrong);
        taken += 6;
        ck_assert_uint_le(taken, HANDSHAKE_ANSWER_MAX + 6);
    }
    ck_assert_int_eq(result, HANDSHAKE_REFUSED);
    handshake_release(&self);
}
END_TEST

START_TEST(request_names_what_is_wanted)
{
    ws_url_t url;
    const char *wrong;
    ck_assert(ws_url_parse(TEXT("ws://exchange.example:81/path?a=b"), &url, &wrong));
    handshake_t self = handshake_new();
    buffer_t one = buffer_new(0), other = buffer_new(0);
    ck_assert(handshake_ask(&self, &one, &url, "https://origin.example"));
    buffer_append(&one, (text_t){"", 1});
    ck_assert_ptr_nonnull(strstr(one.bytes, "GET /path?a=b HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(one.bytes, "\r\nHost: exchange.example:81\r\n"));
    ck_assert_ptr_nonnull(strstr(one.bytes, "\r\nOrigin: https://origin.example\r\n"));
    ck_assert_ptr_nonnull(strstr(one.bytes, "\r\nSec-WebSocket-Version: 13\r\n"));
    ck_assert_ptr_nonnull(strstr(one.bytes, self.key));
    ck_assert_uint_eq(strlen(self.key), 24);
    ck_assert(handshake_ask(&self, &other, &url, "https://origin.example"));
    ck_assert_ptr_null(strstr(one.bytes, self.key)); /* another key each time */
    buffer_release(&one);
    buffer_release(&other);
    handshake_release(&self);
}
END_TEST

START_TEST(refusal_is_read_with_its_headers)
{
    handshake_t self = asked();
    text_t wrong, answer = TEXT("HTTP/1.1 429 \r\nDATE: Mon, 10 Nov 2025 17:24:33 GMT\r\nretry-after:  30\t\r\n\r\nbody");
    ck_assert_int_eq(handshake_take(&self, &answer, &wrong), HANDSHAKE_REFUSED);
    ck_assert_uint_eq(self.refusal.status, 429);
    ck_assert(text_equal(self.refusal.retry_after, TEXT("30")));
    ck_assert(text_equal(self.refusal.date, TEXT("Mon, 10 Nov 2025 17:24:33 GMT")));
    handshake_release(&self);
}
END_TEST

START_TEST(answer_that_is_no_http_has_no_status)
{
    static const char *const cases[] = {"220 mail.example ESMTP\r\n\r\n", "HTTP/2 503 x\r\n\r\n", "HTTP/1.1 5033 x\r\n\r\n",
                                        "HTTP/1.1 -03 x\r\n\r\n",         "HTTP/1.1\r\n\r\n",     "HTTP/1.0 101 x\r\n\r\n",
                                        "HTTP/1.1 099 x\r\n\r\n"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        handshake_t self = asked();
        text_t wrong, answer = text_of(cases[i]);
        ck_assert_int_eq(handshake_take(&self, &answer, &wrong), HANDSHAKE_REFUSED);
        ck_assert_msg(self.refusal.status == 0, "%s", cases[i]);
        handshake_release(&self);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("handshake");
    tcase_add_test(tests, answer_is_taken_however_it_comes);
    tcase_add_test(tests, what_follows_the_answer_stays);
    tcase_add_test(tests, other_answers_are_refused);
    tcase_add_test(tests, endless_answer_is_refused);
    tcase_add_test(tests, request_names_what_is_wanted);
    tcase_add_test(tests, refusal_is_read_with_its_headers);
    tcase_add_test(tests, answer_that_is_no_http_has_no_status);
    return RUN_TESTS("handshake", tests);
}
