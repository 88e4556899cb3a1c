/* Brings a client's readers that are behind the rings up to where the rings continue: those that came back with an old cursor, those of a
 * slow client (gatewayd.slow), and those left behind by a pause of this process.
 *
 * Such a reader is a cursor into history, and holds nothing else. When its client's connection takes more, the frames after the cursor are sent from
 * where they are kept for all (page_cache.h), as many as it takes; if they are not there, history is asked for a page. So a client that does not
 * read costs nothing, however far behind it is and however many there are, and clients at about the same place share pages. Pages for all clients
 * together are bounded: CATCHUP_ASKED_MAX trades are requested at a time, and further ones wait for their turn.
 *
 * If few catch up pages grow, for a history that is far away; if many do they are short and end at the same places. They go up to the
 * middle of the ring: at its start a client would be overtaken at once. A client's readers take turns. While neither history nor a journal
 * can say what happened to the missing trades, they are asked again, for CATCHUP_PATIENCE_MS; then, or if both say that they are gone, trades.gap says
 * so and the client continues after them.
 */
#pragma once

#include "gatewayd/clients/client.h"

enum {
    CATCHUP_PATIENCE_MS = 10000, /* a killed service is back by then */
    CATCHUP_RETRY_MS = 50,
    CATCHUP_FEW = 8,           /* at most this many clients are few */
    CATCHUP_PAGE_MIN = 16,     /* trades */
    CATCHUP_PAGE_CROWD = 1000, /* if many catch up */
    CATCHUP_PAGE_FIRST = 1000, /* if few do, at first, … */
    CATCHUP_PAGE_MAX = 5000,   /* … and at most, */
    CATCHUP_PAGE_BYTES = 768 << 10,
    CATCHUP_ASKED_MAX = 5000,      /* trades of all pages requested at a time */
    CATCHUP_BATCH_BYTES = 32 << 10 /* of a batch: what a client does not take of it waits for that client alone */
};

/* Takes the next step for the client, when its outbox is empty: seats readers that have arrived, sends what is kept, asks for the next page. */
void catchup_step(client_t *client);

/* The client's page, which was asked for, is no longer wanted. */
void catchup_cancel(client_t *client);

/* Retries what waits: a step for each client that catches up and takes more. Call it every HUB_TICK_MS. */
void catchup_tick(hub_t *hub);

/* This process did not run for this long: that is not held against the services. */
void catchup_stood(hub_t *hub, int64_t stood_ns);
