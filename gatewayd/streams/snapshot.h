/* The most recent trades of a symbol, up to where a client's live updates start: from the rings, and before them from
 * history.
 *
 * Within a stream the order is that of the cursors; streams are merged by the trades' own timestamps. The newest comes first.
 */
#pragma once

#include "common/buffer.h"
#include "gatewayd/streams/ring.h"

enum { SNAPSHOT_STREAMS_MAX = 64 };

/* One stream: its ring (NULL: none yet), and the place up to which the trades are wanted. */
typedef struct {
    text_t source;
    const ring_t *ring;
    cursor_t start;
} snapshot_stream_t;

typedef struct {
    snapshot_stream_t streams[SNAPSHOT_STREAMS_MAX];
    size_t count;
    bool all;         /* trades of sources that are not among the streams are wanted, too */
    int64_t after_ns; /* only later ones are wanted: ns since 1970; INT64_MIN: all */
} snapshot_t;

/* Everything of the stream up to here comes from history; the ring has what follows. */
cursor_t snapshot_boundary(const snapshot_stream_t *stream);

/* Do the rings hold fewer trades than that, although there were more? */
bool snapshot_needs_history(const snapshot_t *self, uint64_t trades);

/* history: the raw JSON array from history for a request for this many recent trades. Does it lack trades right before a
 * ring's start? They are on their way to history then. */
bool snapshot_history_lags(const snapshot_t *self, text_t history, uint64_t trades);

/* Appends the JSON array of at most this many trades; `history` may be empty. */
void snapshot_print(const snapshot_t *self, text_t history, uint64_t trades, buffer_t *out);
