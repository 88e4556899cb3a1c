/* Clients over WebSocket: who is let in, and what lies between a ws_connection.h and a client.h. For boundary files. */
#pragma once

#include "gatewayd/clients/client.h"

/* What is spoken on a connection. */
typedef enum {
    WS_RPC,
    WS_RPC_DEFLATE, /* permessage-deflate is agreed on (upgrade.h) */
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

/* NULL when memory runs out. */
ws_t *ws_new(loop_t *loop, hub_t *hub, const ws_config_t *config);

/* How many clients are let in from now on. Who is in stays. */
void ws_limit(ws_t *self, size_t clients, size_t clients_per_address);

/* When all connections have closed. */
void ws_destroy(ws_t **self);

/* May one from this address become a client? The HTTP status to refuse it with, or 0. */
unsigned ws_refusal(ws_t *self, text_t address);

/* Counts one client more from the address, which is put down for ws_dismiss. False, and an empty one, when it has as many as it may. */
bool ws_admit(ws_t *self, text_t address, char kept[static WS_ADDRESS_MAX]);
void ws_dismiss(ws_t *self, const char *address);

typedef struct {
    ws_speech_t speech;
    text_t answer; /* to the handshake, which is to be sent yet */
    text_t behind; /* what has been read behind the handshake */
} ws_handshake_t;

/* A connection from that address, which does not block, becomes a client; or is closed, where it is one too many or memory runs out. */
void ws_open(ws_t *self, int fd, text_t address, const ws_handshake_t *handshake);

/* Pings who is silent, drops who is dead. Call it every second or so. */
void ws_check(ws_t *self);

/* Lets every client have its last frames, closes it with 1012, and lets no new one in. Runs the loop, which must not be
 * running, until all have gone or WS_GOODBYE_MS have passed. */
void ws_goodbye(ws_t *self);

/* Closes all that are left. */
void ws_stop(ws_t *self);
