/* A real server on the loop, and connections from the same process. */
#include "common/http/http_server.h"

#include "common/clock.h"
#include "common/loop/share.h"
#include "tests/unit/run_tests.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEERS = 12, LONG_MS = 2 };

static_assert(LONG_MS * 1000 > SHARE_NEWCOMERS_US && LONG_MS * 1000 > SHARE_REQUESTS_US, "one takes a share");

static loop_t *loop;
static loop_timer_t *guard;
static http_server_t *server;
static int peers[PEERS];
static uint64_t turns[2 * PEERS]; /* in which each request came */
static size_t requests, wanted;

static void on_guard(void *arg)
{
    (void)arg;
    ck_abort_msg("%zu of %zu requests came", requests, wanted);
}

/* Takes longer than the share of its kind. */
static void on_request(void *arg, http_connection_t *connection, const http_request_t *request)
{
    (void)arg, (void)request;
    for (int64_t until_ns = clock_mono_ns() + LONG_MS * NS_PER_MS; clock_mono_ns() < until_ns;)
        ;
    turns[requests++] = loop_turns(loop);
    http_answer(connection, &(http_answer_t){.status = 200, .content_type = "text/plain", .body = TEXT("ok")});
    if (requests == wanted)
        loop_stop(loop);
}

/* A port that nobody has. */
static struct sockaddr_in free_address(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return address;
}

static void ask(int fd)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
    ck_assert_int_eq(send(fd, request, sizeof request - 1, 0), sizeof request - 1);
}

static void set_up(void)
{
    char text[32];
    struct sockaddr_in address = free_address();
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(address.sin_port));
    loop = loop_new();
    server = http_server_new(loop, &(http_config_t){.listen = {{.address = text}}}, on_request, NULL);
    ck_assert_ptr_nonnull(server);
    guard = loop_timer_new(loop, on_guard, NULL);
    loop_timer_start(guard, 20000, 0);
    requests = 0;
    for (size_t i = 0; i < PEERS; i++) {
        peers[i] = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(peers[i], (const struct sockaddr *)&address, sizeof address), 0);
        ask(peers[i]);
    }
}

static void tear_down(void)
{
    for (size_t i = 0; i < PEERS; i++)
        close(peers[i]);
    http_server_destroy(&server);
    loop_timer_destroy(&guard);
    loop_destroy(&loop);
}

static void expect_a_turn_for_each(size_t from)
{
    for (size_t i = from + 1; i < requests; i++)
        ck_assert_uint_gt(turns[i], turns[i - 1]);
}

START_TEST(newcomers_that_take_long_are_let_in_one_in_a_turn)
{
    wanted = PEERS;
    loop_run(loop);
    expect_a_turn_for_each(0);
}
END_TEST

START_TEST(requests_that_take_long_are_taken_one_in_a_turn_and_none_is_forgotten)
{
    wanted = PEERS;
    loop_run(loop);
    for (size_t i = 0; i < PEERS; i++)
        ask(peers[i]);
    wanted = 2 * PEERS;
    loop_run(loop);
    expect_a_turn_for_each(PEERS);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("http_server");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, newcomers_that_take_long_are_let_in_one_in_a_turn);
    tcase_add_test(tests, requests_that_take_long_are_taken_one_in_a_turn_and_none_is_forgotten);
    return RUN_TESTS("http_server", tests);
}
