/* What a subscribe under way knows, and the making of its answer. For join.c. */
#pragma once

#include "gatewayd/methods/join.h"
#include "gatewayd/streams/snapshot.h"
#include "proto/trade.h"

typedef struct {
    list_t in_client;
    wait_t wait;
    client_t *client;
    rpc_request_t *request;
    char symbol_text[SYMBOL_MAX], source_text[SOURCE_MAX];
    text_t symbol, source, since; /* of join_request_t; the join's own */
    uint64_t count;
    int64_t started_ns;
    unsigned stage;               /* number of the step it is at */
    subscription_t *subscription; /* NULL until the symbol is known */
    history_call_t *call;         /* what it waits for, if that is history */
    turn_t turn;                  /* to ask it for recent trades */
    int64_t retry_ns;             /* no call before */
    size_t judged;                /* streams whose recovery is decided */
    cursor_t probed;              /* the trade that was asked for last */
    int64_t probing_ns;           /* since when history is asked about one stream */
    bool batch;
    bool recovered;
    bool waits;       /* counted in its subscription's */
    buffer_t history; /* raw JSON array of recent trades */
    unsigned tries;   /* to fetch it */
    bool partial;     /* it could not be fetched */
    bool entering;    /* its turn to ask may come at once */
    char since_text[];
} join_t;

/* Is the channel one that was asked for? */
bool join_takes(const join_t *join, const channel_t *channel);

/* What `since` says of the channel, in the channel's present epoch where it goes on there; false for nothing. */
bool join_since(const join_t *join, const channel_t *channel, cursor_t *since);

/* The streams, each up to where the client's updates begin. */
void join_snapshot(const join_t *join, snapshot_t *snapshot);

/* Seats the readers and answers. The request is gone then. */
void join_answer(join_t *join);
