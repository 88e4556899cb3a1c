/* The latest trades of one stream: their canonical texts in an arena, and an index of them.
 *
 *     index   │ (epoch, seq)  timestamp  place │ …          one entry of 32 bytes a trade, oldest first, in a ring
 *     chunks  [text text text …][text text …][text …    ]   the oldest chunk is used again once its last text is gone
 *
 * Trades are numbered in the order in which they were appended, from 0, and keep their number until the tape is joined to another: those held
 * are [tape_first, tape_end). Cursors only grow; timestamps are the exchange's and may be a little out of order, so that looking for a
 * time goes by the least and the greatest timestamp of each TAPE_SPAN trades and is exact whatever their order.
 *
 * A tape has the stream's candles with it, for longer than the trades; whoever appends a trade adds it to them, too.
 */
#pragma once

#include "cached/candles/candles.h"
#include "cached/streams/arena.h"
#include "proto/cursor.h"

typedef struct tape tape_t;

enum { TAPE_SPAN = 256, TAPE_CHUNK_BYTES = ARENA_PIECE_BYTES, TAPE_TEXT_MAX = TAPE_CHUNK_BYTES };

typedef struct {
    cursor_t cursor;
    int64_t timestamp_ns; /* trade_time_ns */
    text_t json;          /* valid until the next tape_append or tape_clear */
} tape_trade_t;

/* limit: how many trades it holds at most, 1 or more. Memory grows with what is there, from the arena, which outlives the tape. NULL when
 * memory runs out. */
tape_t *tape_new(text_t topic, uint64_t limit, arena_t *arena);

/* An empty one with the topic, the limit and the arena of another. */
tape_t *tape_new_like(const tape_t *other);
void tape_destroy(tape_t **self);

text_t tape_topic(const tape_t *self);

/* The stream's candles: the tape's, which ends with them. */
candles_t *tape_candles(const tape_t *self);

/* Appends a trade, of at most TAPE_TEXT_MAX bytes, and drops the oldest one when there are `limit`. O(1); allocates nothing once the
 * tape is full. False, and nothing is appended, when the cursor is at or before tape_known, or when memory runs out. */
bool tape_append(tape_t *self, const tape_trade_t *trade);

/* What the stream has up to `to` will not come any more: tape_known moves there. */
void tape_skip(tape_t *self, cursor_t to);

/* The last place in the stream that was heard of: of the last trade appended, or skipped. {0, 0} when there is none. */
cursor_t tape_known(const tape_t *self);

/* Forgets the trades and the candles, but not tape_known. */
void tape_clear(tape_t *self);

uint64_t tape_first(const tape_t *self);
uint64_t tape_end(const tape_t *self);
uint64_t tape_count(const tape_t *self);

/* A trade that is held (asserted). */
tape_trade_t tape_at(const tape_t *self, uint64_t number);

/* The number of the first trade at or behind `cursor`; tape_end when there is none. O(log n). */
uint64_t tape_find(const tape_t *self, cursor_t cursor);

/* Timestamps that are wanted: both bounds are exclusive. */
typedef struct {
    int64_t after_ns, before_ns;
} window_t;

#define WINDOW_ALL ((window_t){INT64_MIN, INT64_MAX})

/* The newest trade below number `end`, and the oldest one from number `start`, with a timestamp in the window. False when there is
 * none. */
bool tape_newest(const tape_t *self, uint64_t end, window_t window, uint64_t *number);
bool tape_oldest(const tape_t *self, uint64_t start, window_t window, uint64_t *number);

/* Where the trades begin that are held: the cursor of the oldest, or the place behind tape_known. */
cursor_t tape_edge(const tape_t *self);

/* A place before which no store has trades of the stream either; {0, 0} until somebody has looked. */
void tape_set_floor(tape_t *self, cursor_t floor);
cursor_t tape_floor(const tape_t *self);

/* Another limit, 1 or more; drops what is too much. */
void tape_set_limit(tape_t *self, uint64_t limit);
uint64_t tape_limit(const tape_t *self);

/* Drops the oldest trades up to the first one with a timestamp at or after `before_ns`. */
void tape_drop_before(tape_t *self, int64_t before_ns);

/* Takes over the trades and candles of another tape of the same topic, and tape_known, in place of its own; the other is destroyed. */
void tape_take(tape_t *self, tape_t **other);

/* Puts the trades of another tape of the same topic and arena before its own, all of which come behind them, and adds the other's candles. The
 * other is destroyed. Where both are more than the limit the oldest go; all get other numbers. Copies no text. False when memory runs out: then
 * not all has been taken, and `self` is still whole. */
bool tape_take_older(tape_t *self, tape_t **other);

/* Bytes of memory in use. */
size_t tape_bytes(const tape_t *self);
