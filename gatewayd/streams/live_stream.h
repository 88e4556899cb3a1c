/* One stream of a market: its ring in each dialect that somebody reads, and its readers. */
#pragma once

#include "common/list.h"
#include "gatewayd/streams/coverage.h"
#include "gatewayd/streams/oldest.h"
#include "gatewayd/streams/reader.h"
#include "gatewayd/streams/ring.h"
#include "gatewayd/streams/waits.h"
#include "proto/topic.h"

typedef struct market market_t;

struct live_stream {
    market_t *market;
    char topic_text[TOPIC_MAX];
    text_t topic, symbol, source;  /* slices of topic_text */
    ring_t *ring;                  /* NULL until it is known from where the stream is followed */
    ring_t *others[DIALECT_COUNT]; /* the same in the dialects that readers take it in; NULL where none does */
    reader_t **readers;            /* in no order */
    size_t reader_count, reader_room;
    list_t in_market;
    list_t in_dirty;     /* something was appended that readers do not know of yet, … */
    uint64_t dirty_from; /* … from this position of `ring` on */
    heap_t awaited;      /* wait_t.in_stream (waits.h): waits for the stream to reach a cursor, the lowest one first */
    list_t in_reached;   /* it grew since that was checked */
    history_coverage_t coverage;
    oldest_t oldest;
    cursor_t former;     /* as markets_renew had it last */
    struct delay *delay; /* of a delayed market: that of delays.h; else NULL */
};

/* The ring in a dialect: rendered on first use. NULL when the live stream has none
 * yet, or memory runs out. And one that is no longer wanted. */
ring_t *live_stream_ring(live_stream_t *live_stream, dialect_t dialect);
void live_stream_forget(live_stream_t *live_stream, const ring_t *ring);

/* Readers come and go. False when memory runs out. */
bool live_stream_add(live_stream_t *live_stream, reader_t *reader);
void live_stream_drop(live_stream_t *live_stream, reader_t *reader);

/* Appends to its rings, of which it has the first: ring_append_trade, ring_append_gap or ring_append_turn. */
typedef void live_stream_append_fn(ring_t *ring, cursor_t at, text_t json);
void live_stream_append(live_stream_t *live_stream, cursor_t at, text_t json, live_stream_append_fn *append);

/* What was (former.epoch, former.seq + n) is (epoch, n): rings and readers have the new cursors then. */
void live_stream_renew(live_stream_t *live_stream, cursor_t former, uint64_t epoch);
