/* Hands what the rings got to the clients that read them, in passes: once for all that came in one turn of the loop, whatever
 * number of trades.
 *
 *     what is dirty ──▶ its readers are told ──▶ their clients queue ──▶ each sends what its rings have by then
 *                            (a live stream)             (hub.pumping)              (a client)
 *
 * A pass over many clients takes longer than a turn of the loop may (share.h): it goes on in the turns to come, a live stream
 * or a client a piece. What comes meanwhile is for the next pass; a client whose turn in this one is still to come gets it now.
 * Nothing can be lost or come twice: each client has its place in the ring, and the bus is paused before the ring overtakes
 * those who wait (gateway.c).
 */
#pragma once

#include "gatewayd/clients/hub.h"
#include "gatewayd/streams/market.h"
#include "gatewayd/streams/offer.h"

/* Call it when what had come has been handed over: a pass begins, now or behind the one under way. As much of it as this turn
 * has time for is done now; hub.trades does the rest. */
void fanout_flush(hub_t *hub);

/* The next piece of the pass: the work of hub.trades. False when it is over. */
bool fanout_step(hub_t *hub);

/* Everything that had come is sent, or queued for the clients, however long that takes: the process is ending. */
void fanout_finish(hub_t *hub);

/* A stream's place is known now: readers that waited for it are seated, and subscriptions to every source get a reader.
 */
void fanout_stream(hub_t *hub, live_stream_t *live_stream);

/* A source went down or came up: tells, once, each client subscribed to one of its streams. */
void fanout_source(hub_t *hub, const offer_t *offer, bool up);

/* Tells the clients of the streams of a source that became stale with its last status, or are no more; or whose subscription at
 * the exchange began or ceased to fail. */
void fanout_stale(hub_t *hub, const offer_t *offer);
