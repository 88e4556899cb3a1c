/* A WebSocket client, for connectors: one connection at a time to one URL.
 *
 *     closed ──connect──▶ looking up ──▶ connecting ──on_open──▶ open ──on_closed──▶ closed
 *                             └──────────────┴──────on_closed───────┘        disconnect: from any of them, without a callback
 *
 * A host's addresses are raced (dialer.h): one that does not answer, or refuses, costs little if another accepts.
 *
 * While the web is held (web_hold) nothing is read from an open connection, and it does not count as silent; what had been read is passed on.
 *
 * ws:// and wss:// differ in the TLS between (transport.h), which checks the certificate: its chain, its dates, and that it names the URL's
 * host, whatever address that has. Redirects and proxies are not followed.
 */
#pragma once

#include "common/loop/loop.h"
#include "common/text.h"
#include "connectord/websocket/loss.h"
#include "connectord/websocket/web.h"

enum {
    WS_CLIENT_MESSAGE_MAX = 1 << 20, /* bytes of a message received; a larger one is left out */
    WS_CLIENT_SEND_MAX = 8192        /* bytes of a message sent */
};

typedef struct ws_client ws_client_t;

/* All come from the loop, none from within the calls below. disconnect may be called from within each. */
typedef struct {
    void (*on_open)(void *arg);
    void (*on_message)(void *arg, text_t message); /* a whole text message; not checked for UTF-8. Valid during the call */
    /* A message that was left out, because it is binary or too large. `sample`: its start. */
    void (*on_unreadable)(void *arg, const char *reason, text_t sample);
    void (*on_writable)(void *arg);                   /* after ws_client_want_write: ws_client_send may be called, once */
    void (*on_closed)(void *arg, const loss_t *loss); /* could not be opened, was lost, or is silent */
} ws_client_events_t;

typedef struct {
    const char *url;
    const char *origin;  /* the Origin header; empty: none */
    const char *ca;      /* file of the CA certificates to trust for wss://, in PEM; empty: the system's */
    uint32_t connect_ms; /* from connect to on_open, at most */
    uint32_t silence_ms; /* an open connection without a message or pong for this long is dead */
} ws_client_config_t;

/* The strings of `config` and `events` are kept, not copied. NULL with a log line: an invalid URL, a CA file that can't be read.
 * What libwebsockets holds for it is released by web_destroy. */
ws_client_t *ws_client_new(loop_t *loop, web_t *web, const ws_client_config_t *config, const ws_client_events_t *events,
                           void *arg);

/* Only when closed. */
void ws_client_connect(ws_client_t *self);
bool ws_client_is_open(const ws_client_t *self);

/* on_writable once a message can be sent. Nothing happens unless open. */
void ws_client_want_write(ws_client_t *self);

/* Sends one text message of at most WS_CLIENT_SEND_MAX bytes. Only from within on_writable. */
void ws_client_send(ws_client_t *self, text_t message);

/* Closes with code 1000. No callback comes after it until the next ws_client_connect. Fine when closed. */
void ws_client_disconnect(ws_client_t *self);

/* disconnect, and free. Takes a half-built one. Not from within a callback. */
void ws_client_destroy(ws_client_t **self);
