/* What a client reads: its subscriptions, each to a symbol, and its reader in each of the symbol's streams.
 *
 *     WAITING (no ring yet) ──▶ reader_seat ──┬─ the ring goes back to `last` ────▶ LIVE
 *                                             └─ it does not ──▶ CATCHING ────────▶ LIVE
 *
 *     LIVE, lapped ──┬─ before it was ever up to date, or since this process stood still ──▶ CATCHING
 *                    └─ after, being slow ──▶ CATCHING, or as gatewayd.slow says
 */
#pragma once

#include "gatewayd/clients/hub.h"
#include "gatewayd/clients/link.h"
#include "gatewayd/clients/pace.h"
#include "gatewayd/clients/task.h"
#include "gatewayd/streams/market.h"

/* All of a client. */
struct readers {
    list_t in_pump;
    list_t ready;      /* reader_t.in_queue: something in the ring */
    size_t behind;     /* readers that are (pace.h) */
    int64_t choked_ns; /* since when the peer has not taken all that there was; 0: it has */
    hub_t *hub;
    client_end_t *end;
    struct conversation *sink; /* where what does not come from rings goes */

    void (*pump)(readers_t *self);                           /* sends what there is: client_pump */
    void (*marked)(readers_t *self, const reader_t *reader); /* the mark at the end of a catch-up goes behind what went out */
    pace_turn_t turn;                                        /* of a client that is behind */
    list_t subscriptions;                                    /* subscription_t.in_client */
    size_t subscription_count;
    list_t catching;                        /* reader_t.in_queue */
    list_t in_catching, in_asking, in_page; /* hub_t's, and page_cache_wait's */
    task_t paging;                          /* what asks history for the page, … */
    struct history_call *page;              /* … which is catchup.h's; NULL: none is asked for */
    reader_t *page_reader;
    cursor_t page_after, page_to;
    uint64_t page_count; /* trades */
    uint64_t round;      /* of the last notification that each client gets once */
};

struct subscription {
    list_t in_client, in_market;
    readers_t *owner;
    market_t *market;
    bool all;          /* every source, also one that comes later */
    bool batch;        /* what is pending goes out in one frame */
    bool mark;         /* each catch-up ends with a mark (reader_mark_t) */
    bool answered;     /* a subscribe for it was answered: it has its readers */
    list_t subscribes; /* subscribe_t.in_subscription: those for it that are under way, … */
    size_t waits;      /* … and of them those that wait (waits.h) */
    list_t readers;    /* reader_t.in_subscription */
};

/* All that is given outlives them. */
void readers_open(readers_t *self, hub_t *hub, client_end_t *end, struct conversation *sink, void (*pump)(readers_t *),
                  void (*marked)(readers_t *, const reader_t *));

/* Ends all subscriptions. */
void readers_close(readers_t *self);

/* The client's subscription to a symbol; NULL when there is none. */
subscription_t *readers_subscription(const readers_t *self, text_t symbol);

/* A new one. NULL when memory runs out. */
subscription_t *readers_subscribe(readers_t *self, market_t *market);

/* Ends it, and closes the market when it was the last one. */
void readers_unsubscribe(subscription_t *subscription);

/* The same of one that the client may no longer have: its readers go at once, and itself with what is under way for it (subscribe.h). */
void readers_forbid(subscription_t *subscription);

/* Those that were held go on. */
void readers_release(readers_t *self);

/* A reader that has no place yet (WAITING). NULL when memory runs out. */
reader_t *reader_new(subscription_t *subscription, live_stream_t *live_stream);
void reader_destroy(reader_t **self);

reader_t *subscription_reader(const subscription_t *self, const live_stream_t *live_stream);

/* What comes behind `last` is the client's next. Where the live stream has no ring yet it waits for it. A place that the
 * stream has not reached, or of a journal that is gone, is for the caller to look at before. */
void reader_seat(reader_t *self, cursor_t last);

/* The same, but nothing of it goes out before readers_release: the answer says where it is. */
void reader_hold(reader_t *self, cursor_t last);

/* What is pending is to go out in one frame, or no longer. */
void subscription_set_batch(subscription_t *self, bool batch);

/* Each catch-up that begins from now on is to end with a mark, or none. False when memory runs out: then some do not. */
bool subscription_set_mark(subscription_t *subscription, bool mark);

/* A catch-up begins behind `from`, in place of one that was under way: its mark counts what goes out from now on. Nothing happens where no mark is
 * wanted. */
void reader_mark(reader_t *self, cursor_t from);

/* The live stream has a ring now: what waited for it takes its seat. */
void reader_stream_known(reader_t *self);

/* Something may be there to read: queues it with its client. True when it was not queued before. */
bool reader_touch(reader_t *self);

/* More came in one go than the ring holds, after this process stood still. Who had everything before, and takes more, is not
 * slow: it catches up, whatever gatewayd.slow says. True when the reader is such a one. */
bool reader_overrun(reader_t *self);
