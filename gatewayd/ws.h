/* Clients over WebSocket: the boundary between libwebsockets and client.h. For boundary files. */
#pragma once

#include "gatewayd/client.h"

struct lws;

/* What is spoken on a connection. */
typedef enum {
    WS_RPC,
    WS_RPC_DEFLATE, /* permessage-deflate is agreed on (deflate.h) */
    WS_SIGNALR
} ws_speech_t;

enum {
    WS_ADDRESS_MAX = 64,  /* of an address as text, with its NUL */
    WS_GOODBYE_MS = 4000, /* how long clients get for the last frames when the process ends */
    WS_SEND_BUFFER =
        1 << 18 /* bytes of a connection in the kernel: a slow client is known as one soon, and costs no more than this */
};

typedef struct {
    size_t clients, clients_per_address;
    size_t message_bytes; /* of a message from a client */
    int64_t silence_ms;   /* a client that was silent for so long is gone; long before, it is pinged */
} ws_config_t;

typedef struct ws ws_t;

/* A connection. */
typedef struct ws_session ws_session_t;

/* NULL when memory runs out. */
ws_t *ws_new(hub_t *hub, const ws_config_t *config);

/* How many clients are let in from now on. Who is in stays. */
void ws_limit(ws_t *self, size_t clients, size_t clients_per_address);

/* When all connections have closed. */
void ws_destroy(ws_t **self);

/* May one from this address become a client? The HTTP status to refuse it with, or 0. */
unsigned ws_refusal(ws_t *self, text_t address);

/* Counts one client more from the address, which is put down for ws_dismiss. False, and an empty one, when it has as many as it may. */
bool ws_admit(ws_t *self, text_t address, char kept[static WS_ADDRESS_MAX]);
void ws_dismiss(ws_t *self, const char *address);

/* The events of a connection; what they return is for libwebsockets. *session: NULL at first; set by ws_on_open, cleared by
 * ws_on_close, fine as NULL for all of them. */
int ws_on_open(ws_t *self, struct lws *wsi, ws_speech_t speech, ws_session_t **session);
int ws_on_receive(ws_session_t *session, const void *bytes, size_t length);
int ws_on_pong(ws_session_t *session);
int ws_on_writable(ws_session_t *session);
int ws_on_peer_close(ws_session_t *session);
int ws_on_close(ws_session_t **session);

/* Pings who is silent, drops who is dead. Call it every second or so. */
void ws_check(ws_t *self);

/* Lets every client have its last frames, closes it with 1012, and lets no new one in. Runs the loop, which must not be
 * running, until all have gone or WS_GOODBYE_MS have passed. */
void ws_goodbye(ws_t *self, loop_t *loop);
