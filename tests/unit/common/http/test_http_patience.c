/* How long a peer may take nothing of an answer, and of a stream. Time is the test's: nobody waits. */
#include "common/http/http_server.h"

#include "tests/unit/run_tests.h"

#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { MUCH = 8 << 20 /* bytes: more than sockets hold */, SETTLING = 100 /* turns of the loop in which they are filled */ };

static loop_t *loop;
static http_server_t *server;
static struct sockaddr_in address;
static uint64_t passed_ms; /* beside the time that has really passed */
static http_connection_t *followed;
static int lost; /* streams */
static char *much;

/* In the place of libuv's own, of which connections ask the time. */
uint64_t uv_now(const uv_loop_t *uv)
{
    (void)uv;
    return uv_hrtime() / 1000000 + passed_ms;
}

static void on_ready(void *owner)
{
    bool *begun = owner;
    if (*begun)
        return;
    *begun = true;
    http_stream(followed, TEXT("HTTP/1.1 200 OK\r\n\r\n"));
    http_write(followed, (text_t){much, MUCH});
}

static void on_closed(void *owner)
{
    (void)owner;
    lost++;
}

static void on_request(void *arg, http_connection_t *connection, const http_request_t *request)
{
    static const http_owner_t owner = {.ready = on_ready, .closed = on_closed};
    static bool begun;
    (void)arg, (void)request;
    begun = false;
    followed = connection;
    http_wait(connection, &owner, &begun);
    http_wake(connection);
}

static void set_up(void)
{
    char text[32];
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(address.sin_port));
    passed_ms = 0;
    lost = 0;
    followed = NULL;
    much = calloc(1, MUCH);
    loop = loop_new();
    server = http_server_new(loop, &(http_config_t){.listen = {{.address = text}}}, on_request, NULL);
    ck_assert_ptr_nonnull(server);
}

static void tear_down(void)
{
    http_server_destroy(&server);
    loop_destroy(&loop);
    free(much);
}

/* A peer that says this, and reads nothing. */
static int peer_new(const char *says)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int)), 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(send(fd, says, strlen(says), 0), strlen(says));
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static bool is_ended(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK) == 0;
}

/* What has never come whole is ended with an answer's patience: that it is shows that all connections have been looked at. */
START_TEST(a_stream_is_left_to_a_peer_that_is_behind_for_longer_than_an_answer)
{
    static_assert(HTTP_HEAD_MS == HTTP_SEND_MS, "the same patience");
    int witness = peer_new("GET "), peer = peer_new("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    while (!followed || http_writable(followed))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    for (int i = 0; i < SETTLING; i++)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    passed_ms = HTTP_STREAM_MS / 2;
    while (!is_ended(witness))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    ck_assert_int_eq(lost, 0);
    passed_ms += HTTP_STREAM_MS;
    while (!lost)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    close(witness);
    close(peer);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_stream_is_left_to_a_peer_that_is_behind_for_longer_than_an_answer};
    return RUN_TESTS("http_patience", TEST_CASE(set_up, tear_down, tests));
}
