/* An upstream against a server in the same loop. */
#pragma once

#include "common/log.h"
#include "connectord/websocket/ws_client.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"
#include "tests/unit/websocket_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* An upstream, a server, and what came. */
typedef struct {
    loop_t *loop;
    web_t *web;
    websocket_server_t server;
    ws_client_t *ws_client;
    int opened, messages, unreadable, writable, closed;
    buffer_t received; /* messages, each with a '|' behind it */
    char reason[200];
    loss_kind_t loss; /* of the end that was told last */
    uint32_t retry_after_ms;
    bool disconnects; /* upon a message */
    buffer_t heard;   /* by the server, as above */
    uint32_t connect_ms;
    bool tls;        /* the test speaks wss:// */
    folder_t folder; /* the server's certificate is there then */
    char ca[96];     /* empty without TLS */
} rig_t;

static rig_t rig;

/* Runs the loop until the condition holds. What never comes ends in the test's time-out. */
#define UNTIL(condition)                                                                                                       \
    while (!(condition))                                                                                                       \
    uv_run(loop_uv(rig.loop), UV_RUN_ONCE)

static inline void on_open(void *arg)
{
    (void)arg;
    rig.opened++;
}

static inline void on_message(void *arg, text_t message)
{
    (void)arg;
    rig.messages++;
    buffer_append(&rig.received, message);
    buffer_append(&rig.received, TEXT("|"));
    if (rig.disconnects)
        ws_client_disconnect(rig.ws_client);
}

static inline void on_unreadable(void *arg, const char *reason, text_t sample)
{
    (void)arg;
    rig.unreadable++;
    snprintf(rig.reason, sizeof rig.reason, "%s: %.*s", reason, (int)(sample.length < 5 ? sample.length : 5), sample.at);
}

static inline void on_writable(void *arg)
{
    (void)arg;
    rig.writable++;
    ws_client_send(rig.ws_client, TEXT("hello"));
}

static inline void on_closed(void *arg, const loss_t *loss)
{
    (void)arg;
    rig.closed++;
    rig.loss = loss->kind;
    rig.retry_after_ms = loss->retry_after_ms;
    uv_stop(loop_uv(rig.loop)); /* it may be a timer that tells: so that UNTIL looks before the loop sleeps */
    snprintf(rig.reason, sizeof rig.reason, "%s", loss->reason);
}

static const ws_client_events_t events = {on_open, on_message, on_unreadable, on_writable, on_closed};

static inline void server_on_message(websocket_server_t *server, text_t message)
{
    (void)server;
    buffer_append(&rig.heard, message);
    buffer_append(&rig.heard, TEXT("|"));
}

static inline void set_up(void)
{
    rig = (rig_t){.received = buffer_new(0), .heard = buffer_new(0), .connect_ms = 30000};
    log_set_level(LOG_LEVEL_ERROR);
    rig.loop = loop_new();
    rig.web = web_new(rig.loop, 1024);
    ck_assert_ptr_nonnull(rig.web);
    rig.server.on_message = server_on_message;
}

static inline void set_up_tls(void)
{
    set_up();
    rig.tls = true;
    rig.folder = folder_new();
    snprintf(rig.ca, sizeof rig.ca, "%s/server.pem", rig.folder.path);
}

static inline void tear_down(void)
{
    if (rig.tls)
        folder_remove(&rig.folder);
    ws_client_destroy(&rig.ws_client);
    web_destroy(&rig.web);
    server_release(&rig.server);
    loop_destroy(&rig.loop);
    buffer_release(&rig.received);
    buffer_release(&rig.heard);
}

static inline void connect_to(const char *url, const char *ca, uint32_t silence_ms)
{
    ws_client_config_t config = {
        .url = url, .origin = "https://exchange.example", .ca = ca, .connect_ms = rig.connect_ms, .silence_ms = silence_ms};
    rig.ws_client = ws_client_new(rig.loop, rig.web, &config, &events, NULL);
    ck_assert_ptr_nonnull(rig.ws_client);
    ws_client_connect(rig.ws_client);
    ck_assert_int_eq(rig.opened + rig.closed, 0); /* nothing from within */
}

/* A certificate that `name` signed itself, valid for some days. */
static inline void make_certificate(const folder_t *folder, const char *file, const char *name)
{
    char command[600];
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=%s "
             "-addext subjectAltName=DNS:%s -keyout %s/%s.key -out %s/%s.pem 2>/dev/null",
             name, name, folder->path, file, folder->path, file);
    ck_assert_int_eq(system(command), 0);
}

/* With TLS in a test that speaks it. */
static inline void start_server(void)
{
    char key[96];
    if (!rig.tls) {
        server_start(&rig.server, rig.web, NULL, NULL);
        return;
    }
    make_certificate(&rig.folder, "server", "localhost");
    snprintf(key, sizeof key, "%s/server.key", rig.folder.path);
    server_start(&rig.server, rig.web, rig.ca, key);
}

static inline void connect_to_server(uint32_t silence_ms)
{
    start_server();
    connect_to(rig.server.url, rig.ca, silence_ms);
}

static inline void connect_and_open(void)
{
    connect_to_server(60000);
    UNTIL(rig.opened);
    ck_assert(ws_client_is_open(rig.ws_client));
}

static inline void check_received(const char *wanted)
{
    ck_assert_msg(text_equal(buffer_text(&rig.received), text_of(wanted)), "expected %s, found %.*s", wanted,
                  TEXT_ARG(buffer_text(&rig.received)));
}

/* Each once over ws:// and once over wss://, for RUN_TESTS. */
#define OVER_WS_AND_WSS(tests)                                                                                                 \
    test_case("ws", set_up, tear_down, 60, tests, sizeof tests / sizeof *tests),                                               \
        test_case("wss", set_up_tls, tear_down, 60, tests, sizeof tests / sizeof *tests)
