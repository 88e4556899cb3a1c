/* Clients over WebSocket: what lies between a ws_connection.h and a client.h. For boundary files. */
#pragma once

#include "common/http/byte_stream.h"
#include "common/loop/loop.h"
#include "gatewayd/admission/admission.h"
#include "gatewayd/doors/handshake.h"

enum { WS_GOODBYE_MS = 4000 /* how long clients get for the last frames when the process ends */ };

typedef struct {
    size_t message_bytes; /* of a message from a client */
    int64_t silence_ms;   /* a client silent for this long is gone; it is pinged long before */
} ws_config_t;

typedef struct ws ws_t;

/* All outlive it. NULL when memory runs out. */
ws_t *ws_new(loop_t *loop, hub_t *hub, admission_t *admission, const ws_config_t *config);

/* Call it when all connections have closed. */
void ws_destroy(ws_t **self);

/* A connection from that address becomes a client; or is closed, where it is one too many or memory runs out. The grant of the
 * handshake is taken in any case. */
void ws_open(ws_t *self, byte_stream_t stream, text_t address, const ws_handshake_t *handshake);

/* Pings silent clients, drops dead ones. Call it every second or so. */
void ws_check(ws_t *self);

/* Accepts no new clients, and sends every client its last frames and a close with 1012. Returns at once: each goes when it has taken what waits for it, or
 * after a few seconds. */
void ws_leave(ws_t *self);

/* The same, and runs the loop, which must not be
 * running, until all have gone or WS_GOODBYE_MS have passed. */
void ws_goodbye(ws_t *self);

/* Closes all that are left. */
void ws_stop(ws_t *self);
