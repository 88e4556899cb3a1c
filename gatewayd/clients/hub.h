/* What all clients share: what is offered, what is wanted, where to ask for history, and the limits. */
#pragma once

#include "common/bus/follower.h"
#include "common/clock.h"
#include "common/loop/budget.h"
#include "common/loop/share.h"
#include "gatewayd/clients/reader.h"
#include "gatewayd/clients/waits.h"
#include "gatewayd/forms/rpc.h"
#include "gatewayd/history/history_client.h"
#include "gatewayd/methods/turns.h"
#include "gatewayd/streams/offers.h"

enum { HUB_BUSES_MAX = 16, HUB_TICK_MS = 50, HUB_RUNS_MAX = 256 /* in one write */ };

/* What happens to a client that reads more slowly than trades come. */
typedef enum {
    SLOW_CATCHUP,   /* it gets what it missed from history, at its own pace (catchup.h) */
    SLOW_CONFLATE,  /* trades.gap tells it what it missed, and it continues with the newest */
    SLOW_DISCONNECT /* it is disconnected, with the cursor it can come back with */
} slow_t;

typedef struct {
    size_t subscriptions; /* symbols of one client */
    size_t pending_bytes; /* of replies that wait for one client */
    slow_t slow;
} hub_limits_t;

/* Counts since the start. */
typedef struct {
    uint64_t clients;                                     /* that connected */
    uint64_t writes, bytes;                               /* to the clients' links */
    uint64_t trades;                                      /* from the rings; a gap counts as the trades it stands for */
    uint64_t looks;                                       /* at waiting subscribes, to see whether they can continue */
    uint64_t caught, conflated, disconnected, overflowed; /* clients that fell behind, by what happened to them */
    rpc_counts_t rpc;
} hub_counts_t;

typedef struct {
    offers_t *offers;
    markets_t *markets;
    history_client_t *history;
    turns_t turns;            /* of questions to it */
    struct recent *recent;    /* recent.h */
    struct pace *pace;        /* pace.h; NULL: nothing is paced */
    struct page_cache *pages; /* page_cache.h */
    struct guesses *guesses;  /* guesses.h; NULL: any number */
    hub_limits_t limits;
    budget_t *budget; /* of what waits for clients; NULL: any number of bytes */
    const loop_t *loop;
    hub_counts_t counts;
    follower_counts_t bus_counts; /* as of the last tick */
    int64_t now_ns;               /* since 1970, as of this turn of the loop: set by the caller */
    int64_t excused_ns; /* until then a client that falls behind is not slow, since this process stood still; 0: it never did */

    run_t runs[HUB_RUNS_MAX]; /* scratch: of several rings, sent in one write */
    char gathered[RING_RUN_MAX];

    share_t *trades;  /* of the loop's time: for live trades (fanout.h), … */
    share_t *answers; /* … and for sending large replies. NULL, both: no limit */

    list_t pumping;   /* client_t.in_pump: whose turn in this pass is still to come (fanout.h) */
    size_t untouched; /* live streams whose readers this pass still has to tell */
    bool pass_again;  /* and then there is another one */

    list_t clients;  /* client_t.in_hub */
    list_t catching; /* client_t.in_catching: with readers that catch up */
    size_t catching_count;
    list_t asking;        /* client_t.in_asking: want to ask history for a page when others have theirs */
    uint64_t pages_asked; /* trades of all pages requested from history now */
    waits_t waits;        /* of subscribes (subscribe.h) */
    size_t client_count, subscription_count;
    size_t call_count; /* clients that are `passing` (client_link_t) */
    uint64_t round;    /* of notifications that each client gets once */

    const char *bus[HUB_BUSES_MAX]; /* endpoints, and which of them are silent */
    bool bus_silent[HUB_BUSES_MAX];
    size_t bus_count;
    bool following; /* every bus is heard */
} hub_t;

static inline void hub_init(hub_t *self)
{
    *self = (hub_t){.limits = {.subscriptions = 1000, .pending_bytes = 1 << 20}};
    turns_init(&self->turns);
    list_init(&self->pumping);
    list_init(&self->clients);
    list_init(&self->catching);
    list_init(&self->asking);
    waits_init(&self->waits);
}
