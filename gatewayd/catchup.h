/* Brings a client's readers, which came back with a cursor that the rings do not hold any more, up to where the rings go on.
 *
 * One page of history at a time goes through the client's outbox; the next one is asked for when it has drained, so that a
 * client that reads slowly costs no more memory than its outbox may have, however far back it begins. What another client was given a moment
 * ago is not asked for: it goes out from where it is kept (page_cache.h). Pages grow while they fit, for the sake of a history that is far away,
 * and end in the middle of the ring: where that begins a client would be overtaken at once. Readers take turns. While neither history nor a journal
 * can say what became of the missing trades, it is asked again, for CATCHUP_PATIENCE_MS; then trades.gap says so and the client
 * goes on from where the ring begins.
 */
#pragma once

#include "gatewayd/client.h"

enum {
    CATCHUP_PATIENCE_MS = 10000, /* a killed service is back by then */
    CATCHUP_RETRY_MS = 50,
    CATCHUP_PAGE_MIN = 16, /* trades */
    CATCHUP_PAGE_FIRST = 1000,
    CATCHUP_PAGE_MAX = 5000
};

/* Takes the next step for the client, when its outbox is empty: seats who has arrived, asks for the next page. */
void catchup_step(client_t *client);

/* The time for what waits to be tried again: steps for all clients that catch up. Call it every HUB_TICK_MS. */
void catchup_tick(hub_t *hub);
