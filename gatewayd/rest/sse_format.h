/* The ids of the Server-Sent Events (https://html.spec.whatwg.org/#server-sent-events) of one connection: the place that it has
 * reached in each of its streams. An event is made once for all (frame.h), with the place in its own stream; a connection with
 * several puts its id in place of that. Knows no transport.
 *
 *     id: BTC-USD.blockchain=1763941200123456-42 ETH-USD.blockchain=1763941200123456-7
 *     data: {"epoch":1763941200123456,"seq":42, … }
 */
#pragma once

#include "common/buffer.h"
#include "proto/cursor.h"

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
 * start with what is new. Before sse_format_choose. */
bool sse_format_resume(sse_format_t *self, text_t id);

/* The same for a client that can't help what it sends; if the id is not ours the events start with a gap for each symbol that says so. */
void sse_format_resume_if_known(sse_format_t *self, text_t id);

/* The events are to be those of symbols "A,B". Returns what is wrong with them, or NULL. */
const char *sse_format_choose(sse_format_t *self, text_t symbols);

/* The next of such symbols, taken. False when there is none. */
bool sse_format_symbol(text_t *symbols, text_t *symbol);

/* Appends where the symbol goes on after what the client has: {"<source>":"<epoch>-<seq>",…}; nothing where that is not known. */
void sse_format_put_since(const sse_format_t *self, text_t symbol, buffer_t *out);

/* The place where a stream's events begin. */
void sse_format_place(sse_format_t *self, text_t symbol, text_t source, cursor_t last);

/* Appends the beginning of the events, when all places are there; and then of a symbol of which nobody knows what the client has, if that is so. False
 * as sse_format_append. */
bool sse_format_begin(sse_format_t *self, buffer_t *out);
void sse_format_put_unknown(const sse_format_t *self, text_t symbol, buffer_t *out);

/* Goes an event out as it is? Then the connection has reached its place. Else append it. */
bool sse_format_passes(sse_format_t *self, text_t event);

/* Appends an event with the connection's id. False when the connection has too many streams for an id. */
bool sse_format_append(sse_format_t *self, text_t event, buffer_t *out);

/* The event that says why the events end, and a comment that keeps the connection from seeming dead. */
void sse_format_append_error(buffer_t *out, text_t why);
#define SSE_FORMAT_HEARTBEAT TEXT(":\n\n")
