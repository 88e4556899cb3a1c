/* The last trades of a symbol, from its rings alone: most recent first, in the order in which history has them (history.md: merged by timestamp,
 * within one timestamp by source, within a stream by cursor), or the word that the rings can't tell.
 */
#pragma once

#include "common/buffer.h"
#include "gatewayd/streams/market.h"

enum { TRAIL_STREAMS_MAX = 64 };

typedef enum {
    TRAIL_TRADE, /* json is its next one */
    TRAIL_PLACE, /* there is one, of which the ring does not hold the text */
    TRAIL_LOST,  /* nobody knows what comes next */
    TRAIL_END    /* there is none */
} trail_state_t;

typedef struct {
    text_t source;
    const ring_t *ring;
    proof_t proof;
    cursor_t upto; /* trades behind it are left out */
    /* The rest is trail_print's. */
    trail_state_t state;
    cursor_t cursor; /* of the next one */
    size_t back;     /* where it stands in the ring, counted from the newest */
    text_t json;
    int64_t time_ns;
} trail_stream_t;

typedef struct {
    trail_stream_t streams[TRAIL_STREAMS_MAX]; /* any order */
    size_t count;
    int64_t before_ns; /* only older trades; INT64_MAX: all */
} trail_t;

/* The order of sources within one timestamp. */
int trail_order(text_t source, text_t other);

/* Appends "trades":[…] with at most so many, and ,"next":{…}, which begins at *next_at, where there are more, as history would. False when the
 * rings do not reach; what was appended is of no use then. */
bool trail_print(trail_t *self, uint64_t trades, buffer_t *out, size_t *next_at);
