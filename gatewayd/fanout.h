/* Hands what the rings got to the clients that read them: once for all that came in one turn of the loop, whatever number of
 * trades. */
#pragma once

#include "gatewayd/client.h"

/* Call it when what had come has been handed over. O(readers of the streams that got something). */
void fanout_flush(hub_t *hub);

/* A stream's place is known now: readers that waited for it take their seats, and subscriptions to every source get a reader.
 */
void fanout_stream(hub_t *hub, channel_t *channel);

/* A source went down or came up: tells, once, each client that has a subscription to a stream of it. */
void fanout_source(hub_t *hub, const offer_t *offer, bool up);

/* Tells the clients of the streams of a source that became stale with its last status, or are no more; or whose subscription at the exchange
 * began or ceased to fail. */
void fanout_stale(hub_t *hub, const offer_t *offer);
