/* A client's subscription to a symbol, and its reader in each of the symbol's streams: the place up to which the client has it.
 *
 *     WAITING (no ring yet) ──▶ reader_seat ──┬─ the ring goes back to `last` ────▶ LIVE
 *                                             └─ it does not ──▶ CATCHING ────────▶ LIVE
 *
 *     LIVE, lapped ──┬─ before it was ever up to date, or because this process stood still ──▶ CATCHING
 *                    └─ after, being slow ──▶ CATCHING, or as gatewayd.slow says
 */
#pragma once

#include "gatewayd/streams/market.h"

#include <assert.h>
#include <stdalign.h>

enum { READER_LINE = 64 };

typedef struct client client_t;
typedef struct subscription subscription_t;

typedef enum {
    READER_WAITING,  /* for the stream to be known */
    READER_CATCHING, /* gets from history what the ring no longer has */
    READER_LIVE      /* reads the ring */
} reader_state_t;

/* What each trade touches is in the first cache line: if a thousand clients have many symbols, there are too many readers for the processor's
 * cache, and fetching one costs more than what is done with it. */
typedef struct reader {
    alignas(READER_LINE) list_t in_queue; /* client_t.ready (LIVE, with something to read) or client_t.catching */
    client_t *client;                     /* the subscription's */
    ring_t *ring;                         /* the live stream's in the client's dialect; NULL while WAITING */
    uint64_t position;                    /* LIVE: in the ring */
    cursor_t last;                        /* the client has everything up to here */
    reader_state_t state;
    bool has_last : 1;   /* false while WAITING: takes the stream from its start */
    bool behind : 1;     /* counted in client_t.behind */
    bool held : 1;       /* seated, but sends nothing before the reply that says so */
    bool up_to_date : 1; /* has been at the ring's head since it was seated; a seated one that has not is behind */
    bool batch : 1;      /* the subscription's */
    bool turned : 1;     /* `last` is of another epoch than what the client has (markets_renew), and it has not been told so */

    live_stream_t *live_stream;
    size_t place; /* in the live stream's readers */
    subscription_t *subscription;
    list_t in_subscription;
    uint64_t page_count; /* CATCHING: how many trades the next page should have, if few catch up; 0: it is the first */
    int64_t stuck_ns;    /* CATCHING: since when it has made no progress; 0: it makes progress */
    int64_t retry_ns;    /* CATCHING: not before */
} reader_t;

static_assert(offsetof(reader_t, live_stream) <= READER_LINE, "what each trade touches is one cache line");

struct subscription {
    list_t in_client, in_market;
    client_t *client;
    market_t *market;
    bool all;          /* every source, including later ones */
    bool batch;        /* what is pending goes out in one frame */
    bool answered;     /* a subscribe for it was answered: it has its readers */
    size_t subscribes; /* pending subscribes for it (subscribe.h), … */
    size_t waits;      /* … and of them those that wait (waits.h) */
    list_t readers;    /* reader_t.in_subscription */
};

/* What a reader gets next. */
typedef struct {
    reader_t *reader;
    text_t text;
    size_t length; /* bytes in the ring */
    cursor_t last; /* of the run's last frame */
} run_t;

/* A reader without a place (WAITING). NULL when memory runs out. */
reader_t *reader_new(subscription_t *subscription, live_stream_t *live_stream);
void reader_destroy(reader_t **self);

reader_t *subscription_reader(const subscription_t *self, const live_stream_t *live_stream);

/* What comes after `last` is the client's next. If the live stream has no ring yet it waits for it. The caller checks before
 * for a place that the stream has not reached, or of a journal that is gone. */
void reader_seat(reader_t *self, cursor_t last);

/* What is pending is to go out in one frame, or no longer. */
void subscription_set_batch(subscription_t *self, bool batch);

/* The live stream has a ring now: seats what waited for it. */
void reader_stream_known(reader_t *self);

/* There may be something to read: queues it with its client. True if it was not queued before. */
bool reader_touch(reader_t *self);

/* More came in one go than the ring holds, after this process stood still. A client that had everything before, and takes more, is not slow: it catches up,
 * whatever gatewayd.slow says. True if the reader's client is one. */
bool reader_overrun(reader_t *self);
