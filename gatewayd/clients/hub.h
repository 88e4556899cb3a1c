/* What all clients share: what they may have, whose turn it is, and where to ask for what they want. What is offered and live
 * is the streams' matter (offers.h, market.h, buses.h), and what is counted that of counts.h.
 */
#pragma once

#include "common/clock.h"
#include "common/loop/budget.h"
#include "common/loop/share.h"
#include "gatewayd/clients/counts.h"
#include "gatewayd/forms/rpc_counts.h"
#include "gatewayd/forms/value.h"
#include "gatewayd/history/turns.h"
#include "gatewayd/streams/buses.h"
#include "gatewayd/streams/reader.h"
#include "gatewayd/streams/waits.h"

enum {
    HUB_TICK_MS = 50,
    HUB_EXCUSED_MS = 10000, /* hub_has_stood */
    HUB_RUNS_MAX = 256 /* in one write */,
    HUB_GATHERED_MAX = 65536 /* bytes of them: at least RING_RUN_MAX */
};

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

struct caller;
struct client;
struct grant;
struct reply;

/* Carries out the method of this name (case does not matter), with the arguments that `value` reads from `from`, now;
 * `reply` is used once, now or later. */
typedef void method_fn(struct caller *caller, text_t name, value_fn *value, const void *from, struct reply *reply);

/* What a reader gets next. */
typedef struct {
    reader_t *reader;
    text_t text;
    size_t length; /* bytes in the ring */
    cursor_t last; /* of the run's last frame */
} run_t;

typedef struct {
    struct offers *offers;
    struct markets *markets;
    struct recent *recent;
    buses_t buses;
    struct history_client *history;
    struct delays *delays;           /* delays.h */
    turns_t turns;                   /* of questions to it */
    struct pace *pace;               /* pace.h; NULL: nothing is paced */
    struct page_cache *pages;        /* page_cache.h */
    struct guesses *guesses;         /* guesses.h; NULL: any number */
    struct grants *grants;           /* what tokens grant (grants.h); NULL: nobody needs one */
    struct rates *rates;             /* rates.h; NULL: nothing is limited */
    const struct identity *everyone; /* who everybody is that brings no token; NULL: then nobody may do anything */
    hub_limits_t limits;
    budget_t *budget; /* of what waits for clients; NULL: any number of bytes */
    const loop_t *loop;
    hub_counts_t counts;
    rpc_counts_t rpc_counts; /* of requests through all doors */
    int64_t (*clock)(void);  /* ns since 1970 */
    int64_t stood_ns;        /* when this process was found to have stood still, the last time; 0: it never did */

    void (*let_in)(struct client *client, struct grant *grant); /* a new client has that grant: client_grant_begin */
    method_fn *call;                                            /* carries out what is asked for: methods_call */
    bool (*catch_up)(readers_t *readers);                       /* the next step of a client that is behind: catchup_step */

    run_t runs[HUB_RUNS_MAX]; /* scratch: of several rings, sent in one write */
    char gathered[HUB_GATHERED_MAX];

    share_t *trades;  /* of the loop's time: for live trades (fanout.h), … */
    share_t *answers; /* … and for sending large replies. NULL, both: no limit */

    list_t pumping;   /* readers_t.in_pump: who has its turn to come in this pass (fanout.h) */
    size_t untouched; /* live streams whose readers this pass has still to tell */
    bool pass_again;  /* and then there is another one */

    list_t clients;  /* conversation_t.in_hub */
    list_t catching; /* readers_t.in_catching: with readers that catch up */
    size_t catching_count;
    list_t asking;        /* readers_t.in_asking: want to ask history for a page when others have theirs */
    uint64_t pages_asked; /* trades of all pages that history is asked for now */
    list_t subscribes;    /* subscribe_t.in_hub: all that are under way */
    waits_t waits;        /* of them */
    size_t client_count, subscription_count;
    size_t call_count; /* calls of methods that no client makes (rest_http.c) */
    uint64_t round;    /* of notifications that each client gets once */
    bool draining;     /* nobody is let in, and clients are sent away, by an operator's order */
    bool marks;        /* somebody has asked for marks: pages of history are summed since then */
} hub_t;

static inline void hub_init(hub_t *self)
{
    *self = (hub_t){.limits = {.subscriptions = 1000, .pending_bytes = 1 << 20}, .clock = clock_real_ns};
    turns_init(&self->turns);
    list_init(&self->pumping);
    list_init(&self->clients);
    list_init(&self->catching);
    list_init(&self->asking);
    list_init(&self->subscribes);
    waits_init(&self->waits);
}

/* Now, in ns since 1970. */
static inline int64_t hub_now_ns(const hub_t *self)
{
    return self->clock();
}

/* Has this process stood still a short time ago? Then it has much to hand over, and who had everything before, and falls behind, is not slow. */
static inline bool hub_has_stood(const hub_t *self)
{
    return self->stood_ns != 0 && hub_now_ns(self) - self->stood_ns < HUB_EXCUSED_MS * NS_PER_MS;
}
