/* Connections that are not made, and TLS. */
#include "tests/unit/ws_client_fixture.h"

START_TEST(refused_connection_is_told_with_a_reason)
{
    server_start(&rig.server, rig.web, NULL, NULL);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* a port that nobody listens on, and nobody else takes meanwhile */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    char url[64];
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/", ntohs(address.sin_port));
    connect_to(url, "", 60000);
    UNTIL(rig.closed);
    ck_assert_int_eq(rig.opened, 0);
    ck_assert_int_gt(strlen(rig.reason), 0);
    close(fd);
}
END_TEST

START_TEST(name_without_an_address_is_told)
{
    connect_to("ws://name.invalid/", "", 60000);
    UNTIL(rig.closed);
    ck_assert_msg(strncmp(rig.reason, "can't look up name.invalid: ", 28) == 0, "%s", rig.reason);
}
END_TEST

/* A listener that says `reply`, or nothing, to whoever connects. */
static const char *reply;
static uv_tcp_t *silent_peer;

static void on_reply_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_tcp_connection(uv_stream_t *listener, int status)
{
    uv_tcp_t *peer = calloc(1, sizeof *peer);
    uv_tcp_init(listener->loop, peer);
    ck_assert_int_eq(status + uv_accept(listener, (uv_stream_t *)peer), 0);
    if (!reply) {
        silent_peer = peer;
        return;
    }
    char *text = strdup(reply);
    uv_buf_t bytes = uv_buf_init(text, (unsigned)strlen(text));
    uv_try_write((uv_stream_t *)peer, &bytes, 1);
    free(text);
    uv_close((uv_handle_t *)peer, on_reply_closed);
}

/* Connects to such a listener, which ends with on_closed. */
static void connect_to_tcp(const char *what)
{
    uv_tcp_t *listener = calloc(1, sizeof *listener);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int length = sizeof address;
    char url[64];
    reply = what;
    uv_tcp_init(loop_uv(rig.loop), listener);
    uv_tcp_bind(listener, (struct sockaddr *)&address, 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)listener, 8, on_tcp_connection), 0);
    uv_tcp_getsockname(listener, (struct sockaddr *)&address, &length);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/", ntohs(address.sin_port));
    connect_to(url, "", 60000);
    UNTIL(rig.closed || rig.opened);
    uv_close((uv_handle_t *)listener, on_reply_closed);
    if (silent_peer)
        uv_close((uv_handle_t *)silent_peer, on_reply_closed);
    ck_assert_int_eq(rig.opened, 0);
    ck_assert_int_eq(rig.closed, 1);
    ck_assert_int_gt(strlen(rig.reason), 0);
}

START_TEST(server_that_is_no_websocket_is_told)
{
    connect_to_tcp("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
}
END_TEST

START_TEST(server_that_hangs_up_is_told)
{
    connect_to_tcp("");
}
END_TEST

START_TEST(server_that_speaks_nonsense_is_told)
{
    connect_to_tcp("220 mail.example ESMTP\r\n");
}
END_TEST

START_TEST(redirect_is_not_followed)
{
    connect_to_tcp("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
}
END_TEST

START_TEST(server_that_never_answers_is_given_up)
{
    rig.connect_ms = 500;
    connect_to_tcp(NULL);
    ck_assert_str_eq(rig.reason, "no connection to 127.0.0.1 within 500 ms");
}
END_TEST

/* Connects over wss:// to "localhost", whose server has a certificate for `name`. */
static void connect_tls(const char *name, bool trusted)
{
    folder_t folder = folder_new();
    char certificate[96], key[96];
    make_certificate(&folder, "server", name);
    make_certificate(&folder, "other", name);
    snprintf(certificate, sizeof certificate, "%s/server.pem", folder.path);
    snprintf(key, sizeof key, "%s/server.key", folder.path);
    server_start(&rig.server, rig.web, certificate, key);
    if (!trusted)
        snprintf(certificate, sizeof certificate, "%s/other.pem", folder.path);
    connect_to(rig.server.url, certificate, 60000);
    UNTIL(rig.opened || rig.closed);
    folder_remove(&folder);
}

START_TEST(tls_connection_carries_bursts_promptly)
{
    connect_tls("localhost", true);
    ck_assert_msg(rig.opened == 1, "%s", rig.reason);
    for (int i = 0; i < 20000; i++)
        server_send(&rig.server, "{\"a burst of small messages\":\"that come in few TLS records\"}");
    UNTIL(rig.messages == 20000);
    ws_client_want_write(rig.ws_client);
    UNTIL(rig.heard.length > 0);
    ck_assert_int_eq(rig.closed, 0);
}
END_TEST

START_TEST(certificate_that_nobody_trusts_is_refused)
{
    connect_tls("localhost", false);
    ck_assert_int_eq(rig.opened, 0);
    ck_assert_int_eq(rig.server.opened, 0);
}
END_TEST

START_TEST(certificate_of_another_name_is_refused)
{
    connect_tls("exchange.example", true);
    ck_assert_int_eq(rig.opened, 0);
    ck_assert_int_eq(rig.server.opened, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        refused_connection_is_told_with_a_reason,  name_without_an_address_is_told,
        server_that_is_no_websocket_is_told,       server_that_hangs_up_is_told,
        server_that_speaks_nonsense_is_told,       redirect_is_not_followed,
        server_that_never_answers_is_given_up,     tls_connection_carries_bursts_promptly,
        certificate_that_nobody_trusts_is_refused, certificate_of_another_name_is_refused,
    };
    return RUN_TESTS("upstream_handshake", TEST_CASE_WITHIN(60, set_up, tear_down, tests));
}
