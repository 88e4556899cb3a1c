/* Paces what is sent to clients that catch up, so that many that come back at once don't keep the others waiting.
 *
 * A client is behind from when it is seated in a ring, or asks history for what the ring lacks, until it has reached the ring's head. Such
 * clients take turns, a run or a page each, up to PACE_BYTES_PER_MS, and within their share of the loop's
 * time (share.h); live trades go out in between. One that reads
 * slowly later on is not behind in this sense.
 */
#pragma once

#include "common/loop/loop.h"
#include "gatewayd/clients/client.h"

enum {
    PACE_BYTES_PER_MS = 1 << 20, /* a gigabyte a second: part of what a core can send */
    PACE_BURST_MS = 4,           /* of a turn */
    PACE_TURN_BYTES = 2048       /* the fixed cost of a turn */
};

typedef struct pace pace_t;

/* hub: outlives it. NULL when memory runs out. */
pace_t *pace_new(loop_t *loop, hub_t *hub);
void pace_destroy(pace_t **self);

/* The client, which is behind, has something to send: it gets its turn, now or later. If self is NULL: now. */
void pace_enter(pace_t *self, client_t *client);
