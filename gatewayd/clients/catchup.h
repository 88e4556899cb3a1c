/* Brings a client's readers, which are behind what the rings hold, up to where the rings go on: those that came back with an
 * old cursor, those of a client that was slow (gatewayd.slow), and those that a pause of this process has left behind.
 *
 * Such a reader is a cursor into history, and holds nothing else. When its client's connection takes more, the frames behind
 * the cursor go out from where they are kept for all (page_cache.h), as many as it takes; where they are not, history is asked
 * for a page of them. So who does not read costs nothing, however far behind it is and however many there are, and those at
 * about the same place share pages. Pages for all clients together are bounded: CATCHUP_ASKED_MAX trades are asked for at one
 * time, and whoever wants more waits for its turn.
 *
 * Where few catch up pages grow, for the sake of a history that is far away; where many do they are short and end at the same
 * places. They go up to the middle of the ring: where that begins a client would be overtaken at once. A client's readers take
 * turns. While neither history nor a journal can say what became of the missing trades, it is asked again, for
 * HISTORY_PATIENCE_MS; then, or where both say that they are gone, trades.gap says so and the client goes on behind them.
 */
#pragma once

#include "gatewayd/clients/readers.h"

enum {
    CATCHUP_FEW = 8,           /* clients, at most, that are few */
    CATCHUP_PAGE_MIN = 16,     /* trades */
    CATCHUP_PAGE_CROWD = 1000, /* if many catch up */
    CATCHUP_PAGE_FIRST = 1000, /* if few do, at first, … */
    CATCHUP_PAGE_MAX = 5000,   /* … and at most, */
    CATCHUP_PAGE_BYTES = 768 << 10,
    CATCHUP_ASKED_MAX = 5000,      /* trades of all pages requested at a time */
    CATCHUP_BATCH_BYTES = 32 << 10 /* of a batch: what a client does not take of it waits for that client alone */
};

/* hub_t.catch_up. Takes the next step for a client, when its outbox is empty: seats who has arrived, sends what is kept, asks
 * for the next page. True: there may be more to send at once. */
bool catchup_step(readers_t *readers);

/* Retries what waits: a step for each client that catches up and takes more. Call it every HUB_TICK_MS. */
void catchup_tick(hub_t *hub);

/* This process did not run for this long: that is not held against the services. */
void catchup_stood(hub_t *hub, int64_t stood_ns);
