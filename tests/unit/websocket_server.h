/* A WebSocket server for one client at a time, in the test's own loop: it sends what it is told to, well-formed or not. */
#pragma once

#include "common/buffer.h"
#include "connectord/websocket/web.h"

#include <check.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct websocket_server {
    struct lws_vhost *vhost;
    struct lws *wsi; /* the client, or NULL */
    int port;
    char url[64];
    char origin[128]; /* the client's header */
    int opened, closed, pongs;
    int close_code; /* in the client's close frame; 0 before it, or without one */
    bool frozen;    /* sends nothing */
    void (*on_open)(struct websocket_server *self);
    void (*on_message)(struct websocket_server *self, text_t message);
    void (*on_close)(struct websocket_server *self);
    void *arg;       /* for whoever set the callbacks */
    buffer_t outbox; /* of server_frame_t, each with its bytes behind it */
} websocket_server_t;

typedef struct {
    uint32_t length;
    int32_t flags; /* of lws_write */
} server_frame_t;

static void server_send_frame(websocket_server_t *self, text_t payload, int flags)
{
    server_frame_t frame = {(uint32_t)payload.length, flags};
    buffer_append(&self->outbox, (text_t){(const char *)&frame, sizeof frame});
    buffer_append(&self->outbox, payload);
    if (self->wsi)
        lws_callback_on_writable(self->wsi);
}

static inline void server_send(websocket_server_t *self, const char *text)
{
    server_send_frame(self, text_of(text), LWS_WRITE_TEXT);
}

/* A close frame, code 1001 "going away"; the client ends the connection. lws's own way loses the code here. */
static inline void server_hang_up(websocket_server_t *self)
{
    server_send_frame(self, TEXT("\x88\x0c\x03\xe9going away"), LWS_WRITE_HTTP);
}

static bool server_write_frame(websocket_server_t *self)
{
    server_frame_t frame;
    memcpy(&frame, self->outbox.bytes, sizeof frame);
    unsigned char *room = malloc(LWS_PRE + frame.length);
    ck_assert_ptr_nonnull(room);
    memcpy(room + LWS_PRE, self->outbox.bytes + sizeof frame, frame.length);
    buffer_consume(&self->outbox, sizeof frame + frame.length);
    int written = lws_write(self->wsi, room + LWS_PRE, frame.length, (enum lws_write_protocol)frame.flags);
    free(room);
    return written >= 0;
}

static int server_write(websocket_server_t *self)
{
    while (self->outbox.length > 0 && !self->frozen && !lws_send_pipe_choked(self->wsi))
        if (!server_write_frame(self))
            return -1;
    if (self->outbox.length > 0 && !self->frozen)
        lws_callback_on_writable(self->wsi);
    return 0;
}

static void server_closed(websocket_server_t *self)
{
    self->closed++;
    self->wsi = NULL;
    buffer_clear(&self->outbox);
    if (self->on_close)
        self->on_close(self);
}

/* What happens on its client's connection. */
static int server_event(websocket_server_t *self, struct lws *wsi, enum lws_callback_reasons reason, void *in, size_t length)
{
    const unsigned char *bytes = in;
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        self->wsi = wsi;
        self->opened++;
        self->close_code = 0;
        lws_hdr_copy(wsi, self->origin, sizeof self->origin, WSI_TOKEN_ORIGIN);
        if (self->on_open)
            self->on_open(self);
        if (self->outbox.length > 0)
            lws_callback_on_writable(wsi);
        break;
    case LWS_CALLBACK_RECEIVE:
        if (self->on_message)
            self->on_message(self, (text_t){in, length});
        break;
    case LWS_CALLBACK_RECEIVE_PONG:
        self->pongs += length == 4 && memcmp(in, "ping", 4) == 0;
        break;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return server_write(self);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        self->close_code = length >= 2 ? bytes[0] << 8 | bytes[1] : -1;
        break;
    case LWS_CALLBACK_CLOSED:
        if (wsi == self->wsi)
            server_closed(self);
        break;
    default:
        break;
    }
    return 0;
}

static int server_on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    (void)user;
    return server_event(wsi && lws_get_vhost(wsi) ? lws_vhost_user(lws_get_vhost(wsi)) : NULL, wsi, reason, in, length);
}

static const struct lws_protocols server_protocols[] = {{.name = "server", .callback = server_on_lws}, {0}};

/* Listens on a free port of 127.0.0.1; with TLS where there is a certificate. *self is the caller's, zeroed but for the callbacks. */
static inline void server_start(websocket_server_t *self, web_t *web, const char *certificate, const char *key)
{
    struct lws_context_creation_info info = {
        .iface = "127.0.0.1",
        .vhost_name = "server",
        .protocols = server_protocols,
        .user = self,
        .ssl_cert_filepath = certificate,
        .ssl_private_key_filepath = key,
        .options = LWS_SERVER_OPTION_DISABLE_IPV6 /* else lws listens everywhere */ |
                   (certificate ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
    };
    self->outbox = buffer_new(0);
    self->vhost = lws_create_vhost(web_context(web), &info);
    ck_assert_ptr_nonnull(self->vhost);
    self->port = lws_get_vhost_listen_port(self->vhost);
    snprintf(self->url, sizeof self->url, "%s://localhost:%d/ws", certificate ? "wss" : "ws", self->port);
}

/* After web_destroy. */
static inline void server_release(websocket_server_t *self)
{
    buffer_release(&self->outbox);
}
