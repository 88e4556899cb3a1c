/* The trades of several streams in one order of time: newest first or oldest first.
 *
 * Within a stream the order is strictly that of the cursors, even where its timestamps are not in order; the stream whose next trade has
 * the latest (earliest) timestamp comes first. Newest first is the exact reverse of oldest first as long as the timestamps of each
 * stream are in order.
 */
#pragma once

#include "cached/tape.h"

enum { MERGE_MAX = 64 /* streams */ };

typedef struct {
    enum { MERGE_NEWEST_FIRST, MERGE_OLDEST_FIRST } order;
    int64_t bound_ns;
    size_t count; /* heads with a trade left */
    struct {
        const tape_t *tape;
        uint64_t number; /* its next trade */
        int64_t timestamp_ns;
    } heads[MERGE_MAX];
} merge_t;

/* Trades below number ends[i] of each tape, with a timestamp before `before_ns`, newest first. The tapes must stay as they are
 * meanwhile. */
merge_t merge_newest(tape_t *const *tapes, const uint64_t *ends, size_t count, int64_t before_ns);

/* Trades with a timestamp after `after_ns`, oldest first. */
merge_t merge_oldest(tape_t *const *tapes, size_t count, int64_t after_ns);

/* The next trade. False at the end. */
bool merge_next(merge_t *self, tape_trade_t *trade);
