/* Paces what goes to clients that catch up, so that many who come back at once don't keep the others waiting.
 *
 * A client is behind from when it takes its seat in a ring, or asks history for what the ring lacks, until it has been at the ring's head. Such
 * clients take turns, a run or a page each, for as many bytes a millisecond as PACE_BYTES_PER_MS says, and within their share of the loop's
 * time (share.h); live trades go out between. One that reads
 * slowly later on is no such client.
 */
#pragma once

#include "common/loop/loop.h"
#include "gatewayd/clients/client.h"

enum {
    PACE_BYTES_PER_MS = 1 << 20, /* a gigabyte a second: a part of what a core sends */
    PACE_BURST_MS = 4,           /* of a turn */
    PACE_TURN_BYTES = 2048       /* what a turn counts as besides */
};

typedef struct pace pace_t;

/* hub: outlives it. NULL when memory runs out. */
pace_t *pace_new(loop_t *loop, hub_t *hub);
void pace_destroy(pace_t **self);

/* The client, which is behind, has something to send: it gets its turn, now or later. self may be NULL: now. */
void pace_enter(pace_t *self, client_t *client);
