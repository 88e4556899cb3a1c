/* What a subscribe under way knows. For subscribe.c and its parts. */
#pragma once

#include "gatewayd/auth/period.h"
#include "gatewayd/clients/hub.h"
#include "gatewayd/clients/task.h"
#include "gatewayd/forms/reply.h"
#include "gatewayd/history/history_client.h"
#include "proto/topic.h"

/* Where in a stream that begins, exclusive, which the client may see. */
typedef struct {
    const live_stream_t *live_stream;
    cursor_t floor;
} stream_floor_t;

typedef struct subscribe {
    task_t task;
    list_t in_hub, in_subscription;
    wait_t wait;
    hub_t *hub;
    struct conversation *talk;
    readers_t *readers;
    void (*advance)(struct subscribe *self); /* goes on as far as it gets. It may be gone then */
    reply_t *reply;
    char symbol_text[SUBJECT_MAX], source_text[SOURCE_MAX];
    text_t symbol, source, since; /* of subscribe_request_t; its own */
    uint64_t count;
    period_t visible;       /* of subscribe_request_t */
    stream_floor_t *floors; /* owned; of those streams that go back further than `since` may */
    size_t floor_count, floor_room;
    bool unfloored; /* memory ran out for them */
    int64_t started_ns;
    unsigned stage;               /* number of the step it is at */
    subscription_t *subscription; /* NULL until the symbol is known */
    history_call_t *call;         /* what it waits for, if that is history */
    turn_t turn;                  /* to ask it for recent trades */
    int64_t retry_ns;             /* no call before */
    size_t judged;                /* streams whose recovery is decided */
    cursor_t probed;              /* the trade that was asked for last */
    int64_t probing_ns;           /* since when history is asked about one stream */
    bool batch, mark;
    live_stream_t *asking; /* whose oldest record, or floor, history is asked for */
    bool unheard;          /* nobody answered that */
    bool recovered;
    bool waits;       /* counted in its subscription's */
    buffer_t history; /* raw JSON array of recent trades */
    unsigned tries;   /* to fetch it */
    bool partial;     /* it could not be fetched */
    bool entering;    /* its turn to ask may come at once */
    char since_text[];
} subscribe_t;

typedef enum {
    SUBSCRIBE_NEXT,
    SUBSCRIBE_WAIT,  /* for the answer of history (subscribe->call), or for its turn to come in waits.h */
    SUBSCRIBE_AGAIN, /* at subscribe->retry_ns */
    SUBSCRIBE_OVER
} subscribe_step_t;

/* Is the live stream one that was asked for? */
bool subscribe_takes(const subscribe_t *subscribe, const live_stream_t *live_stream);

/* What `since` says of the live stream, as it was given; false for nothing. */
bool subscribe_said(const subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t *since);

/* Does `since` say something of the live stream from before what the client may see? *floor: what comes behind it that may. */
bool subscribe_lifted(const subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t *floor);

/* What `since` says of the live stream, not before what the client may see, in the live stream's present epoch where it goes on there; false for nothing. */
bool subscribe_since(const subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t *since);
