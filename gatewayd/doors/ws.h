/* Clients over WebSocket: who is accepted, and the layer between ws_connection.h and client.h. For boundary files. */
#pragma once

#include "gatewayd/clients/client.h"

/* The protocol of a connection. */
typedef enum {
    WS_RPC,
    WS_RPC_DEFLATE, /* permessage-deflate is agreed on (upgrade.h) */
    WS_SIGNALR
} ws_speech_t;

enum {
    WS_ADDRESS_MAX = 64,  /* of an address as text, with its NUL */
    WS_GOODBYE_MS = 4000, /* how long clients get for the last frames when the process ends */
    WS_SEND_BUFFER =
        1 << 18 /* bytes of a connection in the kernel: a slow client is recognized soon, and costs no more than this */
};

typedef struct {
    size_t clients, clients_per_address;
    size_t message_bytes; /* of a message from a client */
    int64_t silence_ms;   /* a client silent for this long is gone; it is pinged long before */
} ws_config_t;

typedef struct ws ws_t;

/* NULL when memory runs out. */
ws_t *ws_new(loop_t *loop, hub_t *hub, const ws_config_t *config);

/* How many clients are accepted from now on. Existing ones stay. */
void ws_limit(ws_t *self, size_t clients, size_t clients_per_address);

/* Call it when all connections have closed. */
void ws_destroy(ws_t **self);

/* May a connection from this address become a client? The HTTP status to refuse it with, or 0. */
unsigned ws_refusal(ws_t *self, text_t address);

/* Counts one more client from the address, which is noted for ws_dismiss. False, and an empty one, when the address is at its limit. */
bool ws_admit(ws_t *self, text_t address, char kept[static WS_ADDRESS_MAX]);
void ws_dismiss(ws_t *self, const char *address);

typedef struct {
    ws_speech_t speech;
    text_t answer; /* to the handshake, still to be sent */
    text_t behind; /* what has been read after the handshake */
} ws_handshake_t;

/* A non-blocking connection from that address becomes a client; or is closed, if it is one too many or memory runs out. */
void ws_open(ws_t *self, int fd, text_t address, const ws_handshake_t *handshake);

/* Pings silent clients, drops dead ones. Call it every second or so. */
void ws_check(ws_t *self);

/* Sends every client its last frames, closes it with 1012, and accepts no new ones. Runs the loop, which must not be
 * running, until all have gone or WS_GOODBYE_MS have passed. */
void ws_goodbye(ws_t *self);

/* Closes all that are left. */
void ws_stop(ws_t *self);
