/* Delayed streams: a role with a delay gets every record of a stream so much later, once and in order, like everybody else. All whose role has
 * the same delay read the same rings (market.h), which this fills:
 *
 *     live ring, where it reaches back so far ──┐
 *     else pages of history, one at a time ─────┴──▶ record due? ──▶ ring of the delayed stream ──▶ readers
 *
 * A record is due so much after it was made, or received if that was earlier, and not before those ahead of it in its stream: a trade that came
 * late, as one that was backfilled, does not overtake. A stream begins where it would be if it had always been followed. What history has lost is
 * told as a gap.
 */
#pragma once

#include "gatewayd/history/history_client.h"
#include "gatewayd/streams/market.h"

enum {
    DELAYS_TICK_MAX = 1000 /* records of a stream that become due in one tick, at most: what is more goes on in the next one */
};

typedef struct delays delays_t;

/* A delayed stream has a ring now: who waits for it can take a seat. */
typedef void delays_begun_fn(void *arg, live_stream_t *live_stream);

/* All outlive it. NULL when memory runs out. */
delays_t *delays_new(markets_t *markets, history_client_t *history, delays_begun_fn *begun, void *arg);
void delays_destroy(delays_t **self);

/* Hands on what is due at now_ns (since 1970); call it every 50 ms or so. True: there was something, of which readers are to be told. */
bool delays_tick(delays_t *self, int64_t now_ns);

/* Of the delayed streams: how many there are, and records that were handed on since the start. */
size_t delays_streams(const delays_t *self);
uint64_t delays_records(const delays_t *self);
