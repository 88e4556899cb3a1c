/* A WebSocket under TLS, whose peer takes little at once. */
#include "common/buffer.h"
#include "gatewayd/doors/ws_connection.h"
#include "gatewayd/forms/frame.h"
#include "tests/unit/common/http/tls_fixture.h"

#include <signal.h>
#include <sys/socket.h>
#include <uv.h>

enum { PAYLOAD = 10000, TURNS = 1000, BUFFER = 4096, ROOM = 1 << 16 };

static tls_identity_t *identity;
static SSL_CTX *settings;
static SSL *client;
static int client_fd;
static loop_t *loop;
static ws_connection_t *connection;
static unsigned ready;

static void on_ready(void *owner)
{
    (void)owner;
    ready++;
}

static const ws_connection_events_t events = {.ready = on_ready};
static const ws_connection_terms_t terms = {.message_bytes = 1000, .events = &events};

static byte_stream_t shaken(int fd)
{
    static char room[ROOM];
    byte_stream_t stream;
    ck_assert(byte_stream_open(&stream, fd, identity));
    for (int i = 0; i < 10; i++) {
        SSL_do_handshake(client);
        byte_stream_read(&stream, room, sizeof room);
    }
    ck_assert(SSL_is_init_finished(client));
    return stream;
}

static void setup(void)
{
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    folder = folder_new();
    make_certificate("one", "-nodes");
    identity = identity_of("one");
    settings = SSL_CTX_new(TLS_client_method());
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &(int){BUFFER}, sizeof(int));
    client_fd = ends[1];
    client = client_over(settings, client_fd);
    loop = loop_new();
    connection = ws_connection_new(loop, shaken(ends[0]), TEXT("101"), &terms, NULL);
    ck_assert_ptr_nonnull(connection);
}

static void turn(void)
{
    uv_run(loop_uv(loop), UV_RUN_NOWAIT);
}

static void teardown(void)
{
    ws_connection_destroy(&connection);
    turn();
    loop_destroy(&loop);
    SSL_free(client);
    SSL_CTX_free(settings);
    close(client_fd);
    tls_identity_destroy(&identity);
    folder_remove(&folder);
}

/* Until there are so many bytes, while the loop turns. */
static size_t receive(size_t wanted)
{
    static char room[ROOM];
    size_t length = 0;
    for (int i = 0; i < TURNS && length < wanted; i++) {
        int got = SSL_read(client, room, sizeof room);
        length += got > 0 ? (size_t)got : 0;
        turn();
    }
    return length;
}

/* A run that is one record: nothing of it is left to be sent, but the system has not taken all of what it became. */
START_TEST(the_end_of_a_run_goes_out_though_nothing_follows)
{
    static const char payload[PAYLOAD];
    buffer_t frame = buffer_new(0);
    char header[FRAME_HEADER_MAX];
    buffer_append(&frame, (text_t){header, frame_header(header, PAYLOAD)});
    buffer_append(&frame, (text_t){payload, PAYLOAD});
    ck_assert_uint_eq(receive(3), 3);
    ready = 0;
    ck_assert_uint_eq(ws_connection_send(connection, buffer_text(&frame), NULL), frame.length);
    ck_assert(!ws_connection_ready(connection));
    ck_assert_uint_eq(receive(frame.length), frame.length);
    turn();
    ck_assert(ws_connection_ready(connection));
    ck_assert_uint_eq(ready, 1);
    buffer_release(&frame);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_end_of_a_run_goes_out_though_nothing_follows};
    return RUN_TESTS("ws_connection_tls", TEST_CASE(setup, teardown, tests));
}
