#include "gatewayd/tape.h"

#include "common/bus/bus.h"
#include "gatewayd/clients/catchup.h"
#include "gatewayd/clients/fanout.h"
#include "gatewayd/history/delays.h"
#include "gatewayd/streams/market.h"
#include "gatewayd/streams/offers.h"
#include "gatewayd/subscribe/subscribe.h"

#include <stdlib.h>

enum { FLUSH_MS = 25 /* the longest that clients wait while the bus is never empty */ };

struct tape {
    hub_t *hub;
    follower_t *follower; /* NULL: it has ended */
    int64_t flushed_ns;   /* CLOCK_MONOTONIC */
    int64_t stood_ns;     /* of clock_stood_still_ns: others have been excused for it */
    bool paused;          /* until the pass under way is over */
};

static void on_trade(void *arg, text_t topic, const trade_t *trade, text_t json)
{
    tape_t *self = arg;
    markets_trade(self->hub->markets, topic, trade->cursor, json);
}

static void on_gap(void *arg, text_t topic, cursor_t from, cursor_t to)
{
    tape_t *self = arg;
    markets_gap(self->hub->markets, topic, from, to);
}

static void on_renewed(void *arg, text_t topic, cursor_t former, cursor_t last)
{
    tape_t *self = arg;
    markets_renew(self->hub->markets, topic, former, last);
}

static void on_status(void *arg, const status_t *status)
{
    tape_t *self = arg;
    const offer_t *offer;
    offer_change_t change = offers_update(self->hub->offers, status, hub_now_ns(self->hub), &offer);
    if (change != OFFER_SAME)
        fanout_source(self->hub, offer, change == OFFER_UP);
    if (offer)
        fanout_stale(self->hub, offer);
    if (status->event == STATUS_WITHDRAWN)
        offers_withdraw(self->hub->offers, status->source);
}

static void on_stream(void *arg, text_t topic, cursor_t last)
{
    tape_t *self = arg;
    live_stream_t *live_stream = markets_stream(self->hub->markets, topic, last);
    if (live_stream)
        fanout_stream(self->hub, live_stream);
}

static void pause_bus(tape_t *self, bool paused)
{
    if (self->paused == paused)
        return;
    self->paused = paused;
    if (self->follower)
        follower_pause(self->follower, paused);
}

/* A piece of a pass. Where its end is so far off that the rings would overtake clients whose turn is to come, the bus waits for it. */
static bool fan_out(void *arg)
{
    tape_t *self = arg;
    bool more = fanout_step(self->hub);
    pause_bus(self, more && markets_pressing(self->hub->markets));
    return more;
}

/* While more waits on the bus it is taken first, so that each client gets much at once: a write costs more than what is written. */
static void flush(tape_t *self)
{
    bool may_wait = clock_mono_ns() - self->flushed_ns < FLUSH_MS * NS_PER_MS && !markets_pressing(self->hub->markets);
    if (may_wait && follower_has_more(self->follower))
        return;
    fanout_flush(self->hub);
    self->flushed_ns = clock_mono_ns();
}

/* Was this process stopped, or starved? Others can't help that: who was on time before is excused. */
static void look_for_pause(tape_t *self)
{
    int64_t stood_ns = clock_stood_still_ns() - self->stood_ns;
    if (stood_ns == 0)
        return;
    self->stood_ns += stood_ns;
    subscribe_stood(self->hub, stood_ns);
    catchup_stood(self->hub, stood_ns);
    self->hub->stood_ns = hub_now_ns(self->hub);
}

static void on_drained(void *arg)
{
    tape_t *self = arg;
    look_for_pause(self); /* before anybody is found to be behind */
    subscribe_tick(self->hub);
    flush(self);
}

/* Which sources a bus carries is not known: those that have not been heard of late are its. */
static void on_silent(void *arg, size_t bus, bool silent)
{
    tape_t *self = arg;
    const offer_t *offer;
    bool changed;
    self->hub->buses.silent[bus] = silent;
    self->hub->buses.following = follower_caught_up(self->follower);
    int64_t now_ns = hub_now_ns(self->hub);
    while (silent && (offer = offers_silence(self->hub->offers, now_ns, BUS_SILENCE_MS * NS_PER_MS * 9 / 10, &changed))) {
        if (changed)
            fanout_source(self->hub, offer, false);
    }
}

static const follower_events_t follower_events = {.on_trade = on_trade,
                                                  .on_gap = on_gap,
                                                  .on_renewed = on_renewed,
                                                  .on_status = on_status,
                                                  .on_drained = on_drained,
                                                  .on_silent = on_silent,
                                                  .on_stream = on_stream};

static void on_delayed(void *arg, live_stream_t *live_stream)
{
    tape_t *self = arg;
    fanout_stream(self->hub, live_stream);
}

tape_t *tape_new(loop_t *loop, hub_t *hub, const follower_config_t *config)
{
    tape_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->hub = hub;
    self->stood_ns = clock_stood_still_ns();
    hub->trades = share_new(loop, SHARE_TRADES_US, fan_out, self);
    hub->delays = delays_new(hub->markets, hub->history, on_delayed, self);
    self->follower = hub->trades && hub->delays ? follower_new(loop, config, &follower_events, self) : NULL;
    if (!self->follower)
        tape_destroy(&self);
    return self;
}

void tape_end(tape_t *self)
{
    follower_destroy(&self->follower);
}

void tape_destroy(tape_t **self_p)
{
    tape_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    tape_end(self);
    delays_destroy(&self->hub->delays);
    share_destroy(&self->hub->trades);
    free(self);
}

void tape_want(tape_t *self, text_t symbol, bool wanted)
{
    if (!self->follower)
        return; /* the process ends */
    if (wanted)
        follower_subscribe(self->follower, symbol);
    else
        follower_unsubscribe(self->follower, symbol);
}

void tape_tick(tape_t *self)
{
    look_for_pause(self);
    self->hub->buses.following = follower_caught_up(self->follower);
    self->hub->buses.counted = *follower_counts(self->follower);
    if (delays_tick(self->hub->delays, hub_now_ns(self->hub)))
        fanout_flush(self->hub);
}
