/* The trades of several streams merged by time, newest first or oldest first, from memory and a store behind it.
 *
 * Within a stream the order is strictly that of the cursors, even where its timestamps are not in order; the stream whose next trade has
 * the latest (earliest) timestamp comes first. Newest first is the exact reverse of oldest first as long as the timestamps of each
 * stream are in order.
 *
 *          store                     memory log   
 *     … ───────────────┐edge┌──────────────────────▶         a head walks from one into the other; where memory does
 *            chunk ◀───┘    └─── number                      not reach it lacks a chunk of the store, and the merge waits for that
 *
 * A head remembers its progress as a cursor, so no trade is repeated or missing whatever memory drops while the merge waits.
 */
#pragma once

#include "cached/streams/chunk.h"
#include "cached/streams/memory_log.h"

enum {
    MERGE_MAX = 64 /* streams */
};

/* How far the timestamps of a stream may be out of order: trades older than memory's oldest one of a stream are never later than
 * it by more. Only so can a query for the last minutes be answered without reading the store. */
#define MERGE_DISORDER_NS ((int64_t)60 * 1000000000)

typedef enum { MERGE_NEWEST_FIRST, MERGE_OLDEST_FIRST } merge_order_t;
typedef enum { MERGE_TRADE, MERGE_END, MERGE_LACKS } merge_state_t;

typedef struct {
    const memory_log_t *memory_log;
    merge_state_t state;
    cursor_t bound;          /* newest first: what is at or after it is done; oldest first: what is before it */
    cursor_t last;           /* oldest first: nothing after it is wanted */
    cursor_t left;           /* oldest first: what is before it was taken, or not wanted from the start */
    uint64_t number;         /* the same as bound, for the memory log: newest first up to it, oldest first from it */
    cursor_t covered;        /* up to where the chunk's query covers what was known then */
    const chunk_t *chunk;    /* NULL: nothing of the store was needed yet */
    size_t in_chunk;         /* its next trade there */
    bool from_memory_log;    /* next is in the memory log, and may go while the merge waits */
    memory_log_trade_t next; /* in MERGE_TRADE */
} merge_head_t;

typedef struct {
    merge_order_t order;
    window_t window;
    bool has_store; /* may the store have what memory does not? */
    size_t count, lacking, chosen;
    merge_head_t heads[MERGE_MAX];
} merge_t;

/* Starts one without streams. */
void merge_begin(merge_t *self, merge_order_t order, window_t window, bool has_store);

/* Adds a stream. Newest first: its trades up to `upto`, inclusive. Oldest first: its trades from `from` to `to`, inclusive.
 * The memory log must outlive the merge. */
void merge_add_newest(merge_t *self, const memory_log_t *memory_log, cursor_t upto);
void merge_add_oldest(merge_t *self, const memory_log_t *memory_log, cursor_t from, cursor_t to);

/* The next trade, valid until merge_advance or until a memory log changes. MERGE_LACKS: some heads need the store first. */
merge_state_t merge_peek(merge_t *self, memory_log_trade_t *trade);

/* Advances past the peeked trade. */
void merge_advance(merge_t *self);

/* What a head in MERGE_LACKS needs, at most `limit` trades. */
store_query_t merge_lacked(merge_t *self, size_t head, uint64_t limit);

/* Provides it; the chunk must stay until the head lacks the next one. A failed one counts as the end of the store. */
void merge_give(merge_t *self, size_t head, const chunk_t *chunk);

/* After the last merge_give, and after any change of a memory log: finds the next trade again. */
void merge_resume(merge_t *self);

/* After merge_give: does it show a place before which the store has nothing of the stream? */
bool merge_floor(const merge_t *self, size_t head, cursor_t *floor);

/* Where the head would continue. Newest first: the cursor of its next trade, inclusive; false when it has none. Oldest first: the cursor from
 * which everything is still to come; never false. Where the window has an end that is behind the last one taken: later the window may reach further. */
bool merge_place(const merge_t *self, size_t head, cursor_t *place);
