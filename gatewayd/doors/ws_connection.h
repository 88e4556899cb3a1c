/* A client's WebSocket, server side (RFC 6455), after the opening handshake: extracts messages from frames, inflates
 * them, answers pings, does the closing handshake, and sends ready-made frames. The content is up to its owner. For boundary files.
 *
 *     OPEN ──ws_connection_close──▶ CLOSING ──close frame is out, the peer's has come─▶ gone
 *       │                          ▲                └── nothing comes for 5 s ────────▲
 *       └──the peer's close frame──┴ (answered with one)                              │
 *     the peer ends the connection, or it breaks, in any state ───────────────────────┘
 *
 * What the peer sends while it is closing is read and discarded: unread, it would destroy the close frame on its way.
 */
#pragma once

#include "common/buffer.h"
#include "common/http/byte_stream.h"
#include "common/loop/share.h"

typedef struct ws_connection ws_connection_t;

/* From the loop. */
typedef struct {
    /* A whole message, of at most message_bytes; in UTF-8, unless it is binary. */
    void (*message)(void *owner, text_t message, bool binary);
    /* So many bytes are held for a message of which more is to come: each time that they have changed, but not when the connection is closing. */
    void (*held)(void *owner, size_t bytes);
    /* The peer broke the protocol, or its message is too long, or can't be read: ws_connection_close is due, with this code. */
    void (*broken)(void *owner, unsigned code, const char *why);
    /* The peer wants a pong, which goes out when this returns, unless it is closing then. */
    void (*pinged)(void *owner);
    /* After ws_connection_wake, or when a blocked peer takes more again. */
    void (*ready)(void *owner);
    /* It is gone, and freed when this returns: the last event. */
    void (*gone)(void *owner);
} ws_connection_events_t;

/* What many connections have in common. */
typedef struct {
    size_t message_bytes; /* of a message from the client, also once it is inflated */
    bool deflates;        /* permessage-deflate was agreed on */
    share_t *requests;    /* of the loop's time: what comes in; outlives them */
    const ws_connection_events_t *events;
} ws_connection_terms_t;

/* Takes the stream, also when it fails: NULL when memory runs out. `answer`: to the handshake, sent first; no event comes
 * within. terms: outlive it. */
ws_connection_t *ws_connection_new(loop_t *loop, byte_stream_t stream, text_t answer, const ws_connection_terms_t *terms,
                                   void *owner);

/* What was read after the handshake. Events come within, but not `gone`. */
void ws_connection_take(ws_connection_t *self, text_t bytes);

/* Sends whole frames, as many as the peer takes now; the rest of a partly sent one is kept. Returns the bytes of those that were sent or are kept.
 * If these are not all, `ready` comes when there is more room. Only while ws_connection_ready. `owner`: as client_link_t.send. */
size_t ws_connection_send(ws_connection_t *self, text_t frames, buffer_t *owner);

/* Would more be taken, with nothing kept? False when it is closing. */
bool ws_connection_ready(const ws_connection_t *self);

/* Have `ready` called soon. */
void ws_connection_wake(ws_connection_t *self);

/* `last`: the close frame, and what must go out right before it. Unsent data, except for the rest of a frame, is dropped. Only once. */
void ws_connection_close(ws_connection_t *self, text_t last);

/* Has the closing handshake started, on either side? */
bool ws_connection_closing(const ws_connection_t *self);

/* Ends the connection now, without a close frame; `gone` comes soon. */
void ws_connection_abort(ws_connection_t *self);

/* Now, and `gone` is not called. Not from within an event. */
void ws_connection_destroy(ws_connection_t **self);

/* When bytes last came, or its system took waiting ones: CLOCK_MONOTONIC. */
int64_t ws_connection_heard_ns(const ws_connection_t *self);

/* Aborts one that has been closing for too long. Call it every second or so. now_ns: CLOCK_MONOTONIC. */
void ws_connection_check(ws_connection_t *self, int64_t now_ns);
