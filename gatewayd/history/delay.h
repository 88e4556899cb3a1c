/* What is known of one delayed stream: for delays.c and its parts. */
#pragma once

#include "common/clock.h"
#include "gatewayd/history/stream_edges.h"
#include "gatewayd/streams/market.h"
#include "proto/trade.h"

enum {
    DELAY_PAGE_MIN = 16, /* records of a page: as many as become due in some seconds */
    DELAY_PAGE_MAX = 512
};

typedef struct delay delay_t;

/* What all of them share. */
typedef struct {
    history_client_t *history;
    void (*begun)(void *arg, live_stream_t *live_stream); /* it has a ring now */
    void *arg;
    uint64_t records; /* handed on */
    int64_t now_ns;   /* of the tick under way, or of the last one */
    bool grown;       /* a stream has, since then */
} delay_shared_t;

/* Of one delayed stream. */
struct delay {
    list_t in_delays; /* of delays.c */
    delay_shared_t *shared;
    live_stream_t *stream, *live;
    stream_end_t end;     /* the place where it begins */
    history_call_t *call; /* that is under way: for what comes first, where there is no such place, or for a page */
    buffer_t page;        /* a raw array of records, … */
    json_walk_t walk;     /* … those of it that are not taken yet, … */
    text_t next;          /* … and the first of them; empty: there is none */
    cursor_t asked_to;    /* of the page */
    uint32_t page_count;  /* records the next page is to have */
    int64_t page_ns;      /* when the last one came */
    int64_t due_ns;       /* nothing is due before; 0: that is not known */
    int64_t stuck_ns;     /* since when history has not told what comes next; 0: it has */
    int64_t retry_ns;     /* it is not asked again before */
    bool loses;           /* what is between the last one that was handed on and `passed` is lost, which is still to be told */
    cursor_t passed;      /* everything up to here is handed on, or lost … */
    cursor_t told; /* … and this is how the last of it is called where it stands: maybe by its former epoch (markets_renew) */
};

/* What was made later is not due. */
static inline int64_t delay_horizon_ns(const delay_t *self)
{
    return self->shared->now_ns - self->stream->market->delay_ns;
}

/* History is to be asked again, but not at once. */
static inline void delay_try_again(delay_t *self)
{
    self->retry_ns = self->shared->now_ns + HISTORY_RETRY_MS * NS_PER_MS;
}

/* When a record is known to all without a delay: when it was made, or received, if that was earlier; ns since 1970. */
static inline int64_t delay_made_ns(const trade_t *record)
{
    return record->timestamp_ns < record->received_ns ? record->timestamp_ns : record->received_ns;
}

/* Of a stream without a ring: finds its place, now or later, and gives it one (delay_begin.c). */
void delay_begin(delay_t *self);

/* The next frame, which may not be due; json is empty for a gap up to there. False: it is still to be fetched, or there is none (delay_next.c). */
bool delay_next(delay_t *self, cursor_t *at, text_t *json);

/* All up to there is lost, for good. It is told when what comes behind it is due: before that nobody knows of it. */
void delay_pass(delay_t *self, cursor_t to);
