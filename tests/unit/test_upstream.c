/* Against a server in the same loop. */
#include "common/log.h"
#include "connectord/upstream.h"
#include "tests/unit/temporary_folder.h"
#include "tests/unit/websocket_server.h"

#include <sys/socket.h>
#include <uv.h>

/* An upstream, a server, and what came. */
typedef struct {
    loop_t *loop;
    web_t *web;
    server_t server;
    upstream_t *upstream;
    int opened, messages, unreadable, writable, closed;
    buffer_t received; /* messages, each with a '|' behind it */
    char reason[200];
    bool disconnects; /* upon a message */
    buffer_t heard;   /* by the server, as above */
    uint32_t connect_ms;
} rig_t;

static rig_t rig;

/* Runs the loop until the condition holds. What never comes ends in the test's time-out. */
#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    uv_run(loop_uv(rig.loop), UV_RUN_ONCE)

static void on_open(void *arg)
{
    (void)arg;
    rig.opened++;
}

static void on_message(void *arg, text_t message)
{
    (void)arg;
    rig.messages++;
    buffer_append(&rig.received, message);
    buffer_append(&rig.received, TEXT("|"));
    if (rig.disconnects)
        upstream_disconnect(rig.upstream);
}

static void on_unreadable(void *arg, const char *reason, text_t sample)
{
    (void)arg;
    rig.unreadable++;
    snprintf(rig.reason, sizeof rig.reason, "%s: %.*s", reason, (int)(sample.length < 5 ? sample.length : 5), sample.at);
}

static void on_writable(void *arg)
{
    (void)arg;
    rig.writable++;
    upstream_send(rig.upstream, TEXT("hello"));
}

static void on_closed(void *arg, const char *reason)
{
    (void)arg;
    rig.closed++;
    uv_stop(loop_uv(rig.loop)); /* it may be a timer that tells: so that UNTIL looks before the loop sleeps */
    snprintf(rig.reason, sizeof rig.reason, "%s", reason);
}

static const upstream_events_t events = {on_open, on_message, on_unreadable, on_writable, on_closed};

static void server_on_message(server_t *server, text_t message)
{
    (void)server;
    buffer_append(&rig.heard, message);
    buffer_append(&rig.heard, TEXT("|"));
}

static void set_up(void)
{
    rig = (rig_t){.received = buffer_new(0), .heard = buffer_new(0), .connect_ms = 30000};
    log_set_level(LOG_LEVEL_ERROR);
    rig.loop = loop_new();
    rig.web = web_new(rig.loop, 1024);
    ck_assert_ptr_nonnull(rig.web);
    rig.server.on_message = server_on_message;
}

static void tear_down(void)
{
    upstream_destroy(&rig.upstream);
    web_destroy(&rig.web);
    server_release(&rig.server);
    loop_destroy(&rig.loop);
    buffer_release(&rig.received);
    buffer_release(&rig.heard);
}

static void connect_to(const char *url, const char *ca, uint32_t silence_ms)
{
    upstream_config_t config = {
        .url = url, .origin = "https://exchange.example", .ca = ca, .connect_ms = rig.connect_ms, .silence_ms = silence_ms};
    rig.upstream = upstream_new(rig.loop, rig.web, &config, &events, NULL);
    ck_assert_ptr_nonnull(rig.upstream);
    upstream_connect(rig.upstream);
    ck_assert_int_eq(rig.opened + rig.closed, 0); /* nothing from within */
}

static void connect_plain(void)
{
    server_start(&rig.server, rig.web, NULL, NULL);
    connect_to(rig.server.url, "", 60000);
    UNTIL(rig.opened);
    ck_assert(upstream_is_open(rig.upstream));
}

static void check_received(const char *wanted)
{
    ck_assert_msg(text_equal(buffer_text(&rig.received), text_of(wanted)), "expected %s, found %.*s", wanted,
                  TEXT_ARG(buffer_text(&rig.received)));
}

START_TEST(messages_come_whole_and_in_order)
{
    connect_plain();
    server_send(&rig.server, "one");
    server_send(&rig.server, "two");
    server_send(&rig.server, "{}");
    UNTIL(rig.messages == 3);
    check_received("one|two|{}|");
}
END_TEST

START_TEST(fragments_are_put_together)
{
    connect_plain();
    server_send_frame(&rig.server, TEXT("one"), LWS_WRITE_TEXT | LWS_WRITE_NO_FIN);
    server_send_frame(&rig.server, TEXT("-two"), LWS_WRITE_CONTINUATION | LWS_WRITE_NO_FIN);
    server_send_frame(&rig.server, TEXT("-three"), LWS_WRITE_CONTINUATION);
    server_send(&rig.server, "four");
    UNTIL(rig.messages == 2);
    check_received("one-two-three|four|");
}
END_TEST

START_TEST(message_of_a_mebibyte_comes_whole)
{
    static char large[UPSTREAM_MESSAGE_MAX];
    memset(large, 'x', sizeof large);
    connect_plain();
    server_send_frame(&rig.server, (text_t){large, sizeof large}, LWS_WRITE_TEXT);
    server_send(&rig.server, "next");
    UNTIL(rig.messages == 2);
    ck_assert_uint_eq(rig.received.length, sizeof large + 1 + 5);
    ck_assert_int_eq(rig.unreadable, 0);
}
END_TEST

START_TEST(larger_message_is_left_out_and_the_next_one_is_not)
{
    static char large[3 * UPSTREAM_MESSAGE_MAX];
    memset(large, 'x', sizeof large);
    connect_plain();
    server_send(&rig.server, "before");
    server_send_frame(&rig.server, (text_t){large, UPSTREAM_MESSAGE_MAX + 1}, LWS_WRITE_TEXT);
    server_send(&rig.server, "between");
    server_send_frame(&rig.server, (text_t){large, sizeof large}, LWS_WRITE_TEXT);
    server_send(&rig.server, "behind");
    UNTIL(rig.messages == 3);
    check_received("before|between|behind|");
    ck_assert_int_eq(rig.unreadable, 2);
    ck_assert_str_eq(rig.reason, "message over 1 MiB: xxxxx");
    ck_assert_int_eq(rig.closed, 0);
}
END_TEST

START_TEST(binary_message_is_left_out_and_the_next_one_is_not)
{
    connect_plain();
    server_send_frame(&rig.server, TEXT("bytes"), LWS_WRITE_BINARY);
    server_send(&rig.server, "text");
    server_send_frame(&rig.server, TEXT("by"), LWS_WRITE_BINARY | LWS_WRITE_NO_FIN);
    server_send_frame(&rig.server, TEXT("tes"), LWS_WRITE_CONTINUATION);
    server_send(&rig.server, "more");
    UNTIL(rig.messages == 2);
    check_received("text|more|");
    ck_assert_int_eq(rig.unreadable, 2);
}
END_TEST

START_TEST(invalid_utf8_is_handed_on_and_the_connection_goes_on)
{
    connect_plain();
    server_send(&rig.server, "a\xff");
    server_send(&rig.server, "next");
    UNTIL(rig.messages == 2 || rig.closed);
    check_received("a\xff|next|");
}
END_TEST

START_TEST(origin_goes_with_the_handshake)
{
    connect_plain();
    UNTIL(rig.server.opened);
    ck_assert_str_eq(rig.server.origin, "https://exchange.example");
}
END_TEST

START_TEST(writable_comes_when_asked_for_and_once)
{
    connect_plain();
    ck_assert_int_eq(rig.writable, 0);
    upstream_want_write(rig.upstream);
    UNTIL(rig.heard.length > 0);
    server_send(&rig.server, "answer");
    UNTIL(rig.messages);
    ck_assert_int_eq(rig.writable, 1);
    ck_assert(text_equal(buffer_text(&rig.heard), TEXT("hello|")));
}
END_TEST

START_TEST(reason_of_the_exchanges_close_is_told)
{
    connect_plain();
    server_send(&rig.server, "last");
    server_hang_up(&rig.server);
    UNTIL(rig.closed);
    check_received("last|");
    ck_assert_str_eq(rig.reason, "closed by the exchange: 1001 going away");
    ck_assert(!upstream_is_open(rig.upstream));
}
END_TEST

START_TEST(silent_connection_is_lost)
{
    server_start(&rig.server, rig.web, NULL, NULL);
    connect_to(rig.server.url, "", 100);
    UNTIL(rig.closed);
    ck_assert_int_eq(rig.opened, 1);
    ck_assert_str_eq(rig.reason, "silent for 100 ms");
}
END_TEST

/* Sends a message, or a pong nobody asked for, every 20 ms for a while, and then nothing. */
static int ticks;
static int tick_flags;

static void on_tick(void *arg)
{
    (void)arg;
    if (ticks > 0 && ticks-- > 0)
        server_send_frame(&rig.server, TEXT("tick"), tick_flags);
}

static void check_not_silent(int flags)
{
    server_start(&rig.server, rig.web, NULL, NULL);
    connect_to(rig.server.url, "", 200);
    ticks = 25;
    tick_flags = flags;
    loop_timer_t *timer = loop_timer_new(rig.loop, on_tick, NULL);
    UNTIL(rig.opened);
    loop_timer_start(timer, 0, 20);
    UNTIL(ticks == 0 || rig.closed);
    ck_assert_int_eq(rig.closed, 0); /* 500 ms */
    UNTIL(rig.closed);
    ck_assert_str_eq(rig.reason, "silent for 200 ms");
    loop_timer_destroy(&timer);
}

START_TEST(messages_keep_a_connection_alive)
{
    check_not_silent(LWS_WRITE_TEXT);
    ck_assert_int_eq(rig.messages, 25);
}
END_TEST

START_TEST(pongs_keep_a_connection_alive)
{
    check_not_silent(LWS_WRITE_PONG);
    ck_assert_int_eq(rig.messages, 0);
}
END_TEST

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
    rig.connect_ms = 100;
    connect_to_tcp(NULL);
    ck_assert_str_eq(rig.reason, "no connection to 127.0.0.1 within 100 ms");
}
END_TEST

START_TEST(disconnect_says_goodbye_and_is_silent)
{
    connect_plain();
    server_send(&rig.server, "unheard");
    upstream_disconnect(rig.upstream);
    UNTIL(rig.server.closed);
    ck_assert_int_eq(rig.server.close_code, 1000);
    ck_assert_int_eq(rig.messages + rig.closed, 0);
}
END_TEST

START_TEST(disconnect_from_within_a_message_ends_it_there)
{
    connect_plain();
    rig.disconnects = true;
    server_send(&rig.server, "first");
    server_send(&rig.server, "second");
    UNTIL(rig.server.closed);
    check_received("first|");
    ck_assert_int_eq(rig.server.close_code, 1000);
    ck_assert_int_eq(rig.closed, 0);
}
END_TEST

START_TEST(connects_again_after_each_end)
{
    connect_plain();
    for (int i = 2; i < 10; i++) {
        if (i % 2) {
            server_hang_up(&rig.server);
            UNTIL(rig.closed == i / 2);
        } else {
            upstream_disconnect(rig.upstream);
        }
        upstream_connect(rig.upstream);
        UNTIL(rig.opened == i && rig.server.opened == i);
    }
}
END_TEST

START_TEST(destroy_leaves_nothing_behind_in_any_state)
{
    server_start(&rig.server, rig.web, NULL, NULL);
    for (int turns = 0; turns < 40; turns++) { /* from looking up to open */
        upstream_config_t config = {.url = rig.server.url, .origin = "x", .ca = "", .connect_ms = 1000, .silence_ms = 1000};
        upstream_t *upstream = upstream_new(rig.loop, rig.web, &config, &events, NULL);
        upstream_connect(upstream);
        for (int i = 0; i < turns; i++)
            uv_run(loop_uv(rig.loop), UV_RUN_NOWAIT);
        upstream_destroy(&upstream);
    }
    ck_assert_int_eq(rig.closed, 0);
}
END_TEST

START_TEST(settings_of_no_use_are_refused)
{
    static const upstream_config_t cases[] = {
        {.url = "", .origin = "", .ca = "", .silence_ms = 1},
        {.url = "http://host/", .origin = "", .ca = "", .silence_ms = 1},
        {.url = "wss://host/", .origin = "", .ca = "/there/is/no/such/file", .silence_ms = 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_ptr_null(upstream_new(rig.loop, rig.web, &cases[i], &events, NULL));
}
END_TEST

/* A certificate that `name` signed itself, valid for some days. */
static void make_certificate(const folder_t *folder, const char *file, const char *name)
{
    char command[600];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=%s "
             "-addext subjectAltName=DNS:%s -keyout %s/%s.key -out %s/%s.pem 2>/dev/null",
             name, name, folder->path, file, folder->path, file);
    ck_assert_int_eq(system(command), 0);
}

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
    upstream_want_write(rig.upstream);
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
    TCase *tests = tcase_create("upstream");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, messages_come_whole_and_in_order);
    tcase_add_test(tests, fragments_are_put_together);
    tcase_add_test(tests, message_of_a_mebibyte_comes_whole);
    tcase_add_test(tests, larger_message_is_left_out_and_the_next_one_is_not);
    tcase_add_test(tests, binary_message_is_left_out_and_the_next_one_is_not);
    tcase_add_test(tests, invalid_utf8_is_handed_on_and_the_connection_goes_on);
    tcase_add_test(tests, origin_goes_with_the_handshake);
    tcase_add_test(tests, writable_comes_when_asked_for_and_once);
    tcase_add_test(tests, reason_of_the_exchanges_close_is_told);
    tcase_add_test(tests, silent_connection_is_lost);
    tcase_add_test(tests, messages_keep_a_connection_alive);
    tcase_add_test(tests, pongs_keep_a_connection_alive);
    tcase_add_test(tests, refused_connection_is_told_with_a_reason);
    tcase_add_test(tests, name_without_an_address_is_told);
    tcase_add_test(tests, server_that_is_no_websocket_is_told);
    tcase_add_test(tests, server_that_hangs_up_is_told);
    tcase_add_test(tests, server_that_speaks_nonsense_is_told);
    tcase_add_test(tests, redirect_is_not_followed);
    tcase_add_test(tests, server_that_never_answers_is_given_up);
    tcase_add_test(tests, disconnect_says_goodbye_and_is_silent);
    tcase_add_test(tests, disconnect_from_within_a_message_ends_it_there);
    tcase_add_test(tests, connects_again_after_each_end);
    tcase_add_test(tests, destroy_leaves_nothing_behind_in_any_state);
    tcase_add_test(tests, settings_of_no_use_are_refused);
    tcase_add_test(tests, tls_connection_carries_bursts_promptly);
    tcase_add_test(tests, certificate_that_nobody_trusts_is_refused);
    tcase_add_test(tests, certificate_of_another_name_is_refused);
    Suite *suite = suite_create("upstream");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
