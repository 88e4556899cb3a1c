/* A client's WebSocket, the server's side (RFC 6455), from behind the opening handshake on: takes messages out of frames, answers pings, keeps the
 * closing handshake, and sends frames that are ready-made. What is said on it is its owner's matter. For boundary files.
 *
 *     OPEN ──ws_connection_close──▶ CLOSING ──close frame is out, the peer's has come─▶ gone
 *       │                          ▲                └── nothing comes for 5 s ────────▲
 *       └──the peer's close frame──┴ (answered with one)                              │
 *     the peer ends the connection, or it breaks, in any state ───────────────────────┘
 *
 * What the peer sends is read and thrown away while it is closing: unread, it would destroy the close frame on its way.
 */
#pragma once

#include "common/loop/share.h"
#include "common/text.h"

typedef struct ws_connection ws_connection_t;

/* From the loop. */
typedef struct {
    /* A whole message, of at most message_bytes; packed: it is compressed, which was agreed on. */
    void (*message)(void *owner, text_t message, bool binary, bool packed);
    /* The peer broke the protocol, or its message is too long: ws_connection_close is due, with this code. */
    void (*broken)(void *owner, unsigned code, const char *why);
    /* After ws_connection_wake, or when a peer that took no more does so again. */
    void (*ready)(void *owner);
    /* It is gone, and freed when this returns: the last event. */
    void (*gone)(void *owner);
} ws_connection_events_t;

typedef struct {
    size_t message_bytes; /* of a message from the client */
    bool deflates;        /* permessage-deflate was agreed on */
    share_t *requests;    /* of the loop's time: what comes in; outlives it */
} ws_connection_terms_t;

/* Takes the descriptor, which does not block, also when it fails: NULL when memory runs out. `answer`: to the handshake, sent first; no event comes
 * within. */
ws_connection_t *ws_connection_new(loop_t *loop, int fd, text_t answer, const ws_connection_terms_t *terms,
                                   const ws_connection_events_t *events, void *owner);

/* What was read behind the handshake. Events come within, but not `gone`. */
void ws_connection_take(ws_connection_t *self, text_t bytes);

/* Sends whole frames, as many as the peer takes now; of one that it takes a part of the rest is kept. Returns the bytes of those that have gone or are kept.
 * When these are not all `ready` comes when there is more room. Only while ws_connection_ready. */
size_t ws_connection_send(ws_connection_t *self, text_t frames);

/* Would more be taken, with nothing kept? False when it is closing. */
bool ws_connection_ready(const ws_connection_t *self);

/* Have `ready` called soon. */
void ws_connection_wake(ws_connection_t *self);

/* `last`: the close frame, and what must go out right before it. What was not sent yet, but for the rest of a frame, is not sent. Only once. */
void ws_connection_close(ws_connection_t *self, text_t last);

/* Has the closing handshake begun, on whichever side? */
bool ws_connection_closing(const ws_connection_t *self);

/* The connection ends now, without a word; `gone` comes soon. */
void ws_connection_abort(ws_connection_t *self);

/* Now, and `gone` is not called. Not from within an event. */
void ws_connection_destroy(ws_connection_t **self);

/* When bytes came last, or its system took some that had waited: CLOCK_MONOTONIC. */
int64_t ws_connection_heard_ns(const ws_connection_t *self);

/* Aborts one that has been closing for too long. Call it every second or so. now_ns: CLOCK_MONOTONIC. */
void ws_connection_check(ws_connection_t *self, int64_t now_ns);
