/* The latest trades of one stream: their canonical texts in an arena, and an index of them.
 *
 *     index   │ (epoch, seq)  timestamp  place │ …          one entry of 32 bytes a trade, oldest first, in a ring
 *     chunks  [text text text …][text text …][text …    ]   the oldest chunk is reused once its last text is gone
 *
 * Trades are numbered in the order of appending, from 0, and keep their number until the memory log is joined
 * to another: those held are [memory_log_first, memory_log_end). Cursors only grow; timestamps are the exchange's and may be
 * slightly out of order, so searching for a time uses the least and the greatest timestamp of each MEMORY_LOG_SPAN
 * trades and is exact whatever their order.
 *
 * A memory log also has the stream's candles, for longer than the trades, and of a stream of coverage what its records add up to; the caller adds each appended
 * record to them, too.
 */
#pragma once

#include "cached/candles/candles.h"
#include "cached/coverage/coverage_series.h"
#include "cached/streams/arena.h"
#include "proto/cursor.h"

typedef struct memory_log memory_log_t;

enum { MEMORY_LOG_SPAN = 256, MEMORY_LOG_CHUNK_BYTES = ARENA_PIECE_BYTES, MEMORY_LOG_TEXT_MAX = MEMORY_LOG_CHUNK_BYTES };

typedef struct {
    cursor_t cursor;
    int64_t timestamp_ns; /* trade_time_ns */
    text_t json;          /* valid until the next memory_log_append or memory_log_clear */
} memory_log_trade_t;

/* limit: how many trades it holds at most, 1 or more. Memory grows with the content, from the arena, which outlives the
 * memory log. NULL when memory runs out. */
memory_log_t *memory_log_new(text_t topic, uint64_t limit, arena_t *arena);

/* An empty one with the topic, the limit and the arena of another. */
memory_log_t *memory_log_new_like(const memory_log_t *other);
void memory_log_destroy(memory_log_t **self);

text_t memory_log_topic(const memory_log_t *self);

/* The stream's candles, owned by the memory log. */
candles_t *memory_log_candles(const memory_log_t *self);

/* What the records of a stream of coverage (proto/coverage.md) add up to, owned by the memory log; NULL for any other stream. */
coverage_series_t *memory_log_coverage(const memory_log_t *self);

/* Adds candles, and coverage if the stream has that, of records that all come before its own; both are empty then. False when memory runs out. */
bool memory_log_add_past(memory_log_t *self, candles_t *candles, coverage_series_t *coverage);

/* The least cursor of the records that its candles or its coverage have; {0, 0}: none yet. */
cursor_t memory_log_added_from(const memory_log_t *self);

/* Appends a trade, of at most MEMORY_LOG_TEXT_MAX bytes, and drops the oldest one when there are `limit`. O(1); allocates
 * nothing once the memory log is full. False, and nothing is appended, when the cursor is at or before memory_log_known, or
 * when memory runs out. */
bool memory_log_append(memory_log_t *self, const memory_log_trade_t *trade);

/* What the stream has up to `to` will never come: memory_log_known moves there. */
void memory_log_skip(memory_log_t *self, cursor_t to);

/* The last known place in the stream: of the last trade appended, or skipped. {0, 0} when there is none. */
cursor_t memory_log_known(const memory_log_t *self);

/* Forgets the trades, the candles and the coverage, but not memory_log_known. */
void memory_log_clear(memory_log_t *self);

uint64_t memory_log_first(const memory_log_t *self);
uint64_t memory_log_end(const memory_log_t *self);
uint64_t memory_log_count(const memory_log_t *self);

/* One of the trades held (asserted). */
memory_log_trade_t memory_log_at(const memory_log_t *self, uint64_t number);

/* The number of the first trade at or after `cursor`; memory_log_end when there is none. O(log n). */
uint64_t memory_log_find(const memory_log_t *self, cursor_t cursor);

/* The wanted timestamps: both bounds are exclusive. */
typedef struct {
    int64_t after_ns, before_ns;
} window_t;

#define WINDOW_ALL ((window_t){INT64_MIN, INT64_MAX})

/* The newest trade below number `end`, and the oldest one from number `start`, with a timestamp in the window. False when there is
 * none. */
bool memory_log_newest(const memory_log_t *self, uint64_t end, window_t window, uint64_t *number);
bool memory_log_oldest(const memory_log_t *self, uint64_t start, window_t window, uint64_t *number);

/* Where the held trades begin: the cursor of the oldest, or the place after memory_log_known. */
cursor_t memory_log_edge(const memory_log_t *self);

/* A place before which no store has trades of the stream either; {0, 0} until that is known. */
void memory_log_set_floor(memory_log_t *self, cursor_t floor);
cursor_t memory_log_floor(const memory_log_t *self);

/* Another limit, 1 or more; drops the excess. */
void memory_log_set_limit(memory_log_t *self, uint64_t limit);
uint64_t memory_log_limit(const memory_log_t *self);

/* Drops the oldest trades up to the first one with a timestamp at or after `before_ns`. */
void memory_log_drop_before(memory_log_t *self, int64_t before_ns);

/* Takes over the trades, candles and coverage of another memory log of the same topic, and memory_log_known, in place of its own; the
 * other is destroyed. */
void memory_log_take(memory_log_t *self, memory_log_t **other);

/* Puts the trades of another memory log of the same topic and arena before its own, all of which come after them, and adds the other's candles and coverage. The
 * other is destroyed. If both exceed the limit the oldest go; all get new numbers. Copies no text. False when memory runs out: then
 * not all has been taken, and `self` is still whole. */
bool memory_log_take_older(memory_log_t *self, memory_log_t **other);

/* Bytes of memory in use. */
size_t memory_log_bytes(const memory_log_t *self);
