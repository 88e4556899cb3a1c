/* Paces what goes to clients that catch up, so that many who come back at once don't keep the others waiting.
 *
 * A client is behind from when it takes its seat in a ring, or asks history for what the ring lacks, until it has been at the ring's head. Such
 * clients take turns, a run or a page each, for about as long as the loop did other things since they last did: so live trades, which go out
 * between, come at most twice as late, however many there are of either, and whatever a byte costs. One that reads slowly later on is no such client.
 */
#pragma once

#include "common/loop.h"
#include "gatewayd/client.h"

enum {
    PACE_MIN_MS = 1, /* also when the loop had little to do */
    PACE_MAX_MS = 8  /* also when it was busy for long */
};

typedef struct pace pace_t;

/* clock_mono_ns, or what a test has in its place. */
typedef int64_t pace_clock_fn(void);

/* hub: outlives it. NULL when memory runs out. */
pace_t *pace_new(loop_t *loop, hub_t *hub, pace_clock_fn *clock);
void pace_destroy(pace_t **self);

/* The client, which is behind, has something to send: it gets its turn when the loop comes to it. self may be NULL: now. */
void pace_enter(pace_t *self, client_t *client);
