/* Paces what is sent to clients that catch up, so that many that come back at once don't keep the others waiting.
 *
 * A client is behind from when it is seated in a ring, or asks history for what the ring lacks, until it has reached the ring's head. Such
 * clients take turns, a run or a page each, up to PACE_BYTES_PER_MS, and within their share of the loop's
 * time (share.h); live trades go out in between. One that reads
 * slowly later on is not behind in this sense.
 */
#pragma once

#include "common/list.h"
#include "common/loop/loop.h"

enum {
    PACE_BYTES_PER_MS = 1 << 20, /* a gigabyte a second: part of what a core can send */
    PACE_BURST_MS = 4,           /* of a turn */
    PACE_TURN_BYTES = 2048       /* the fixed cost of a turn */
};

typedef struct pace pace_t;

/* A client's, which is behind. */
typedef struct pace_turn {
    list_t in_pace;
    void (*take)(struct pace_turn *self); /* sends a run or a page; it may enter again */
} pace_turn_t;

void pace_turn_init(pace_turn_t *self, void (*take)(pace_turn_t *self));

/* It waits for no turn. */
void pace_turn_leave(pace_turn_t *self);

/* sent: the bytes that all have been sent so far; outlives it. NULL when memory runs out. */
pace_t *pace_new(loop_t *loop, const uint64_t *sent);
void pace_destroy(pace_t **self);

/* The client has something to send: it gets its turn, now or later. self may be NULL: now. */
void pace_enter(pace_t *self, pace_turn_t *turn);
