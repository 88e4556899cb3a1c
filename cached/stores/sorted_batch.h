/* A batch of trades, sorted by stream, without those already stored, and cut into blocks: what all kinds of stores do before
 * they write.
 *
 * A block is the trades of a stream and epoch with the same seq / SORTED_BATCH_BLOCK. Stores keep the least and the greatest timestamp of each
 * block, so a query by time reads only the blocks that may match, in whatever order timestamps come; an index of
 * every timestamp would cost as much as the trades.
 */
#pragma once

#include "cached/stores/store.h"

enum { SORTED_BATCH_BLOCK = 1024 };

typedef struct {
    text_t topic; /* the batch's own copy, with a NUL after it */
    int64_t id;   /* the store's own, kept from batch to batch; 0 at first */
    const store_trade_t **trades;
    size_t count;
    cursor_t end; /* of the last of them */
} sorted_batch_stream_t;

typedef struct {
    uint64_t epoch, number; /* seq / SORTED_BATCH_BLOCK */
    int64_t least_ns, greatest_ns;
} sorted_batch_block_t;

typedef struct sorted_batch sorted_batch_t;

/* NULL when memory runs out. */
sorted_batch_t *sorted_batch_new(void);
void sorted_batch_destroy(sorted_batch_t **self);

/* Sorts; the trades must stay in place. False when memory runs out. */
bool sorted_batch_sort(sorted_batch_t *self, const store_trade_t *trades, size_t count);

/* The streams of the trades sorted last: number 0, 1, 2 …; NULL at the end. */
sorted_batch_stream_t *sorted_batch_stream(sorted_batch_t *self, size_t number);

/* Leaves out what is at or before a stream's place, and what is not after its predecessor. */
void sorted_batch_leave_out(sorted_batch_stream_t *stream, cursor_t place);

/* The other half, sorted by cursor, each once: leaves out what is after a stream's place. The end is the place. */
void sorted_batch_keep_old(sorted_batch_stream_t *stream, cursor_t place);

/* The next block of a stream's trades; *at starts at 0. False at the end. */
bool sorted_batch_block(const sorted_batch_stream_t *stream, size_t *at, sorted_batch_block_t *block);

/* Can a store keep this cursor? */
static inline bool batch_keeps(cursor_t cursor)
{
    return cursor.epoch < INT64_MAX && cursor.seq < INT64_MAX;
}

/* For a bound of a query. */
static inline int64_t batch_bound(uint64_t value)
{
    return value <= INT64_MAX ? (int64_t)value : INT64_MAX;
}
