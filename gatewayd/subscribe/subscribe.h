/* One subscribe, from the request to its reply: joins a client to a symbol's streams seamlessly.
 *
 *     symbol ──▶ streams ──▶ oldest ──▶ recovery ──▶ snapshot ──▶ answer
 *       │          │           │          │            └ with count: what the rings lack is fetched from history
 *       │          │           │          └ with since: from the ring, or does history have what follows?
 *       │          │           └ with mark: what is the oldest that history has?
 *       │          └ waits until it is known from where each of the symbol's streams is followed
 *       └ is it offered? Just after the start that is unknown: waits for a status
 *
 * The places where the client's readers start are taken when the reply is made, together with its content: so
 * nothing is lost between it and the following updates, and nothing comes twice.
 */
#pragma once

#include "gatewayd/auth/period.h"
#include "gatewayd/clients/client.h"

enum {
    SUBSCRIBE_STATUS_MS = 2000, /* how long a subscribe waits for any source to be heard */
    SUBSCRIBE_STREAM_MS = 2000, /* and for streams to be known */
    SUBSCRIBE_RESUME_MS =
        10000 /* the same with `since`, and for them to reach it: a killed service is back by then, or the subscribe is refused */
};

typedef struct {
    text_t symbol; /* symbol_valid */
    text_t source; /* source_valid; empty: all sources */
    text_t since;  /* raw JSON: a cursor as a string, or an object {source: cursor}; empty: none */
    period_t
        visible; /* what of it may be seen. Its end is that of queries: updates and what joins them have the delay's own rings */
    uint64_t count; /* trades wanted in the reply; 0: none */
    bool batch;     /* updates come in batches */
    bool mark;      /* each catch-up ends with a mark (reader_mark_t) */
} subscribe_request_t;

/* Answers the request, now or later. */
void subscribe_start(client_t *client, reply_t *reply, const subscribe_request_t *wanted);

/* Ends the subscribes that wait for a subscription, with an error. */
void subscribe_cancel_all(subscription_t *subscription);

/* Something was heard, or time has passed: continues those whose wait is over (waits.h), some hundred per call. Call it
 * every HUB_TICK_MS and after what came from the bus. */
void subscribe_tick(hub_t *hub);

/* This process did not run for this long: that does not count as waiting. */
void subscribe_stood(hub_t *hub, int64_t stood_ns);
