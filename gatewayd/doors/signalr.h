/* SignalR's JSON hub protocol over a client's connection: proto/signalr.md. Records come in, at whatever borders; the JSON-RPC
 * in them goes to `receive`, and what is said to the client by its conversation, whose link is of DIALECT_SIGNALR. Knows no
 * transport.
 */
#pragma once

#include "gatewayd/clients/conversation.h"

struct rpc_session;

enum {
    SIGNALR_PING_MS = 12000, /* between our pings, checked every second: at most 13 s */
    SIGNALR_HANDSHAKE_MS = 15000,
    SIGNALR_SILENCE_MS = 30000, /* a client not heard for this long is gone */
};

typedef struct signalr signalr_t;

/* talk: the client's; rpc: its JSON-RPC; both outlive it. record_bytes: the longest record. now_ns: CLOCK_MONOTONIC. NULL
 * when memory runs out. */
signalr_t *signalr_new(conversation_t *talk, struct rpc_session *rpc, void (*receive)(struct rpc_session *rpc, text_t message),
                       size_t record_bytes, int64_t now_ns);
void signalr_destroy(signalr_t **self);

/* A text message came. */
void signalr_receive(signalr_t *self, text_t message);

/* Pings, and ends silent connections: nothing came for too long. Call it every few seconds. */
void signalr_check(signalr_t *self, int64_t now_ns, bool silent);

/* Says that the gateway is shutting down, and that the client may come back. */
void signalr_goodbye(signalr_t *self);

/* Has the conversation ended? Send what waits, then close the connection. */
/* Bytes of memory that hold the start of a record of which more is to come. */
size_t signalr_held(const signalr_t *self);

/* It takes nothing more, and has nothing of what has come. */
void signalr_deafen(signalr_t *self);

bool signalr_over(const signalr_t *self);

/* Why it has, and the code for the close frame. CLOSE_NORMAL and nothing if the client asked for it. */
text_t signalr_why(const signalr_t *self, unsigned *code);

/* The connection is closed for another reason: appends the frame with the record that says so, after which a client may come
 * back. Nothing where a client would not take it as one. The conversation is over. */
void signalr_append_close(signalr_t *self, text_t reason, buffer_t *out);

/* The answer to negotiate, version 0 or 1. `noise`: 24 random bytes, which identify the connection. */
void signalr_negotiate(buffer_t *out, unsigned version, const unsigned char noise[static 24]);
