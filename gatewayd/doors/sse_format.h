/* Server-Sent Events (https://html.spec.whatwg.org/#server-sent-events) of one connection: its JSON-RPC messages as events, and
 * the place that it has reached in each of its streams, which is the events' id. Knows no transport.
 *
 *     id: BTC-USD.blockchain=1763941200123456-42 ETH-USD.blockchain=1763941200123456-7
 *     data: {"epoch":1763941200123456,"seq":42, … }
 */
#pragma once

#include "common/buffer.h"

enum {
    SSE_FORMAT_SYMBOLS_MAX = 16,
    SSE_FORMAT_PLACES_MAX = 64, /* streams of one connection */
    SSE_FORMAT_ID_MAX = 2048,   /* bytes of an id: it comes back in a request header */
    SSE_FORMAT_RETRY_MS = 1000, /* after which a client comes back */
};

#define SSE_FORMAT_TYPE "text/event-stream"

typedef struct sse_format sse_format_t;

sse_format_t *sse_format_new(void);
void sse_format_destroy(sse_format_t **self);

/* Continues after the events that a client has: the id of the last one, which may be empty. False when it is not an id of ours; then they
 * start with what is new. Before sse_format_subscribe. */
bool sse_format_resume(sse_format_t *self, text_t id);

/* The same for a client that can't help what it sends; if the id is not ours the events start with a gap for each symbol that says so. */
void sse_format_resume_if_known(sse_format_t *self, text_t id);

/* Appends the batch of subscribes that starts the events: symbols "A,B", from all sources or one; source may be empty. Returns what is wrong with them,
 * or NULL. */
const char *sse_format_subscribe(sse_format_t *self, text_t symbols, text_t source, buffer_t *out);

/* Has the reply to the subscribes been read? Then what it appended starts the events. `error`: the error of the first that
 * failed, raw and for as long as the message; empty: none did. */
bool sse_format_begun(const sse_format_t *self, text_t *error);

/* Appends what a message says as events. False when the connection has too many streams for an id. */
bool sse_format_append(sse_format_t *self, text_t message, buffer_t *out);

/* The event that says why the events end, and a comment that keeps the connection from seeming dead. */
void sse_format_append_error(buffer_t *out, text_t why);
#define SSE_FORMAT_HEARTBEAT TEXT(":\n\n")
