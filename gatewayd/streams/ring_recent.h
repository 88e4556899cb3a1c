/* The last trades of a symbol, from its rings alone: most recent first, in history's order (history.md: merged by timestamp,
 * then by source, within a stream by cursor), or the report that the rings can't tell.
 */
#pragma once

#include "common/buffer.h"
#include "gatewayd/streams/coverage.h"
#include "gatewayd/streams/ring.h"

enum { RING_RECENT_STREAMS_MAX = 64 };

typedef enum {
    RING_RECENT_TRADE, /* json is its next one */
    RING_RECENT_PLACE, /* there is one whose text the ring does not hold */
    RING_RECENT_LOST,  /* nobody knows what comes next */
    RING_RECENT_END    /* there is none */
} ring_recent_state_t;

typedef struct {
    text_t source;
    const ring_t *ring;
    history_coverage_t coverage;
    cursor_t upto; /* trades after it are left out */
    /* The rest is ring_recent_print's. */
    ring_recent_state_t state;
    cursor_t cursor; /* of the next one */
    size_t back;     /* its place in the ring, counted from the newest */
    text_t json;
    int64_t time_ns;
} ring_recent_stream_t;

typedef struct {
    ring_recent_stream_t streams[RING_RECENT_STREAMS_MAX]; /* any order */
    size_t count;
    int64_t before_ns; /* only older trades; INT64_MAX: all */
} ring_recent_t;

/* Appends "<list>":[…] with at most this many trades, and ,"next":{…}, which starts at *next_at, if there are more, as history would. False when the
 * rings do not reach; what was appended is unusable then. */
bool ring_recent_print(ring_recent_t *self, const char *list, uint64_t trades, buffer_t *out, size_t *next_at);
