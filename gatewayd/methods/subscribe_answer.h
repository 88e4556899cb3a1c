/* The state of a pending subscribe, and making its reply. For subscribe.c. */
#pragma once

#include "gatewayd/methods/subscribe.h"
#include "gatewayd/streams/snapshot.h"
#include "proto/trade.h"

typedef struct {
    list_t in_client;
    wait_t wait;
    client_t *client;
    rpc_request_t *request;
    char symbol_text[SYMBOL_MAX], source_text[SOURCE_MAX];
    text_t symbol, source, since; /* of subscribe_request_t; the subscribe's own */
    uint64_t count;
    int64_t started_ns;
    unsigned stage;               /* number of the step it is at */
    subscription_t *subscription; /* NULL until the symbol is known */
    history_call_t *call;         /* what it waits for, if that is history */
    turn_t turn;                  /* to ask it for recent trades */
    int64_t retry_ns;             /* no call before */
    size_t judged;                /* streams whose recovery is decided */
    cursor_t probed;              /* the trade requested last */
    int64_t probing_ns;           /* since when history is asked about one stream */
    bool batch;
    bool recovered;
    bool waits;       /* counted in its subscription's */
    buffer_t history; /* raw JSON array of recent trades */
    unsigned tries;   /* to fetch it */
    bool partial;     /* it could not be fetched */
    bool entering;    /* its turn to ask may come at once */
    char since_text[];
} subscribe_t;

/* Is the live stream among those requested? */
bool subscribe_takes(const subscribe_t *subscribe, const live_stream_t *live_stream);

/* What `since` says of the live stream, mapped to its current epoch if it continues there; false for nothing. */
bool subscribe_since(const subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t *since);

/* The streams, each up to where the client's updates start. */
void subscribe_snapshot(const subscribe_t *subscribe, snapshot_t *snapshot);

/* Seats the readers and replies. The request is gone then. */
void subscribe_answer(subscribe_t *subscribe);
