/* Bodies, over a real server on the loop and a connection from the same process. */
#include "common/http/http_server.h"
#include "tests/unit/run_tests.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { SAID_MAX = 4096 };

static loop_t *loop;
static http_server_t *server;
static http_connection_t *connection;
static int peer;
static char said[SAID_MAX]; /* by the server */
static size_t said_length;
static char bodies[SAID_MAX]; /* what came, each with a ';' behind it */
static int closed, received;
static bool early; /* the answer does not wait for the body */

static void on_ready(void *owner)
{
    text_t body = http_body(owner);
    size_t length = strlen(bodies);
    snprintf(bodies + length, sizeof bodies - length, "%.*s;", TEXT_ARG(body));
    http_answer(owner, &(http_answer_t){.status = 200, .content_type = "text/plain", .body = TEXT("ok")});
}

static void on_closed(void *owner)
{
    (void)owner;
    closed++;
}

static const http_owner_t owner = {.ready = on_ready, .closed = on_closed};

static void on_request(void *arg, http_connection_t *from, const http_request_t *request)
{
    (void)arg;
    connection = from;
    if (request->length == 0) {
        http_answer(from, &(http_answer_t){.status = 204, .content_type = "text/plain", .body = TEXT("")});
        return;
    }
    received++;
    http_receive(from, request, &owner, from);
    if (early)
        http_answer(from, &(http_answer_t){.status = 503, .content_type = "text/plain", .body = TEXT("no")});
}

static void set_up(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    char text[32];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(address.sin_port));
    loop = loop_new();
    server = http_server_new(loop, &(http_config_t){.listen = {{.address = text}}}, on_request, NULL);
    ck_assert_ptr_nonnull(server);
    peer = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(peer, (const struct sockaddr *)&address, sizeof address), 0);
    said_length = 0;
    said[0] = bodies[0] = '\0';
    closed = received = 0;
    early = false;
}

static void tear_down(void)
{
    close(peer);
    http_server_destroy(&server);
    loop_destroy(&loop);
}

static void say(const char *text)
{
    ck_assert_int_eq(send(peer, text, strlen(text), 0), (ssize_t)strlen(text));
}

/* Runs the loop until the server has said so much, or has ended. */
static bool hear(const char *wanted)
{
    while (!strstr(said, wanted)) {
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
        ssize_t got = recv(peer, said + said_length, sizeof said - said_length - 1, MSG_DONTWAIT);
        if (got == 0)
            return false;
        said_length += got > 0 ? (size_t)got : 0;
        said[said_length] = '\0';
    }
    return true;
}

static size_t count_said(const char *word)
{
    size_t count = 0;
    for (const char *at = said; (at = strstr(at, word)); at++)
        count++;
    return count;
}

START_TEST(a_body_that_comes_with_its_head_is_handed_out_and_the_connection_goes_on)
{
    say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n!"
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert(hear(" 204 "));
    ck_assert_str_eq(bodies, "hello;!;");
    ck_assert_uint_eq(count_said(" 200 "), 2);
    ck_assert_int_eq(closed, 0);
}
END_TEST

START_TEST(a_body_in_pieces_is_put_together)
{
    const char *text = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    for (; *text; text++) {
        say((char[]){*text, '\0'});
        for (int i = 0; i < 3; i++)
            uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    }
    ck_assert(hear(" 200 "));
    ck_assert_str_eq(bodies, "hello;");
}
END_TEST

START_TEST(who_asks_whether_the_body_is_welcome_is_told)
{
    say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    ck_assert(hear("HTTP/1.1 100 Continue\r\n\r\n"));
    say("hello");
    ck_assert(hear(" 200 "));
    ck_assert_str_eq(bodies, "hello;");
}
END_TEST

START_TEST(a_body_that_ends_early_is_nobodys_request)
{
    say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell");
    shutdown(peer, SHUT_WR);
    ck_assert(!hear(" 200 "));
    ck_assert_int_eq(closed, 1);
    ck_assert_str_eq(bodies, "");
}
END_TEST

START_TEST(an_answer_before_the_body_is_the_last_one)
{
    early = true;
    say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhell");
    ck_assert(hear("Connection: close"));
    say("more of it, and then a request that nobody reads: GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    shutdown(peer, SHUT_WR);
    ck_assert(!hear(" 204 "));
    ck_assert_uint_eq(count_said(" 503 "), 1);
    ck_assert_str_eq(bodies, "");
    ck_assert_int_eq(closed, 0); /* it was answered */
}
END_TEST

START_TEST(a_server_that_ends_tells_whose_body_is_coming)
{
    say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
    while (received == 0)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    http_server_destroy(&server);
    ck_assert_int_eq(closed, 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("http_body");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_body_that_comes_with_its_head_is_handed_out_and_the_connection_goes_on);
    tcase_add_test(tests, a_body_in_pieces_is_put_together);
    tcase_add_test(tests, who_asks_whether_the_body_is_welcome_is_told);
    tcase_add_test(tests, a_body_that_ends_early_is_nobodys_request);
    tcase_add_test(tests, an_answer_before_the_body_is_the_last_one);
    tcase_add_test(tests, a_server_that_ends_tells_whose_body_is_coming);
    return RUN_TESTS("http_body", tests);
}
