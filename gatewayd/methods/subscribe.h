/* One subscribe, from the request to its answer: joins a client to a symbol's streams without a seam.
 *
 *     symbol ──▶ streams ──▶ recovery ──▶ snapshot ──▶ answer
 *       │          │           │            └ with count: what the rings lack of it is fetched from history
 *       │          │           └ with since: from the ring, or does history have what follows it?
 *       │          └ waits until it is known from where each of the symbol's streams is followed
 *       └ is it offered? Just after the start it is not known yet: waits for a status
 *
 * The places where the client's readers begin are taken when the answer is made, in one go with what the answer holds: so
 * nothing falls between it and the updates that follow, and nothing comes twice.
 */
#pragma once

#include "gatewayd/clients/client.h"

enum {
    SUBSCRIBE_STATUS_MS = 2000, /* how long a subscribe waits for any source to be heard */
    SUBSCRIBE_STREAM_MS = 2000, /* and for streams to be known */
    SUBSCRIBE_RESUME_MS =
        10000, /* the same with `since`, and for them to reach it: a killed service is back by then, or it is refused */
    SUBSCRIBE_SNAPSHOT_TRIES = 4
};

typedef struct {
    text_t symbol;  /* symbol_valid */
    text_t source;  /* source_valid; empty: all sources */
    text_t since;   /* raw JSON: a cursor as a string, or an object {source: cursor}; empty: none */
    uint64_t count; /* trades wanted in the answer; 0: none */
    bool batch;     /* updates come in batches */
} subscribe_request_t;

/* Answers the request, now or later. */
void subscribe_start(client_t *client, rpc_request_t *request, const subscribe_request_t *wanted);

/* Ends the subscribes that wait for a subscription, with an error. */
void subscribe_cancel_all(subscription_t *subscription);

/* Something was heard, or time has passed: goes on with those for which what they wait for has come (waits.h), some hundred of them a call. Call it
 * every HUB_TICK_MS and after what came from the bus. */
void subscribe_tick(hub_t *hub);

/* This process did not run for so long: nobody has waited meanwhile. */
void subscribe_stood(hub_t *hub, int64_t stood_ns);
