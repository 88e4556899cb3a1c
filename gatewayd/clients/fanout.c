#include "gatewayd/clients/fanout.h"

#include "gatewayd/clients/client.h"
#include "gatewayd/forms/subject_form.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/offers.h"

enum { AHEAD = 8 };

/* Queues the readers of a live stream that have something to read now, and their clients. Those to come are fetched
 * meanwhile: they lie all over the memory. */
static void touch_readers(const hub_t *hub, live_stream_t *live_stream, list_t *clients)
{
    bool overrun = ring_lapped(live_stream->ring, live_stream->dirty_from) && hub_has_stood(hub);
    for (size_t i = 0; i < live_stream->reader_count; i++) {
        reader_t *reader = live_stream->readers[i];
        if (i + AHEAD < live_stream->reader_count)
            __builtin_prefetch(live_stream->readers[i + AHEAD], 1);
        bool touched = (overrun && reader_overrun(reader)) || reader_touch(reader);
        if (touched && !list_linked(&reader->owner->in_pump))
            list_append(clients, &reader->owner->in_pump);
    }
}

static bool is_passing(const hub_t *hub)
{
    return hub->untouched > 0 || !list_empty(&hub->pumping);
}

bool fanout_step(hub_t *hub)
{
    if (hub->untouched > 0) {
        live_stream_t *live_stream = markets_take_dirty(hub->markets);
        hub->untouched = live_stream ? hub->untouched - 1 : 0;
        if (live_stream)
            touch_readers(hub, live_stream, &hub->pumping);
    } else if (!list_empty(&hub->pumping)) {
        client_pump(LIST_OWNER(list_take(&hub->pumping), client_t, readers.in_pump));
    }
    if (!is_passing(hub) && hub->pass_again) {
        hub->pass_again = false;
        hub->untouched = markets_dirty(hub->markets);
    }
    return is_passing(hub);
}

void fanout_flush(hub_t *hub)
{
    if (is_passing(hub))
        hub->pass_again = true;
    else
        hub->untouched = markets_dirty(hub->markets);
    if (hub->trades && is_passing(hub))
        share_run(hub->trades);
    while (!hub->trades && fanout_step(hub))
        ;
}

void fanout_finish(hub_t *hub)
{
    hub->pass_again = true;
    while (fanout_step(hub))
        ;
}

static void tell_client(readers_t *readers, text_t source, const offer_failing_t *failing)
{
    buffer_t params = buffer_new(0);
    notify_failing(&params, source, failing);
    conversation_notify(readers->sink,
                        failing->reason.length > 0 ? TEXT("subscription.failing") : TEXT("subscription.restored"),
                        buffer_text(&params));
    buffer_release(&params);
}

/* Who is subscribed to every source hears of a new one only by its trades: where they don't come, that is to be said. */
static void tell_if_failing(const hub_t *hub, readers_t *readers, const live_stream_t *live_stream)
{
    const offer_t *offer = offers_find(hub->offers, live_stream->source);
    offer_failing_t failing = {live_stream->symbol, offer ? offer_failure(offer, live_stream->symbol) : TEXT("")};
    if (failing.reason.length > 0)
        tell_client(readers, live_stream->source, &failing);
}

void fanout_stream(hub_t *hub, live_stream_t *live_stream)
{
    for (size_t i = 0; i < live_stream->reader_count; i++)
        reader_stream_known(live_stream->readers[i]);
    LIST_EACH(item, &live_stream->market->subscriptions)
    {
        subscription_t *subscription = LIST_OWNER(item, subscription_t, in_market);
        if (!subscription->all || !subscription->answered || subscription_reader(subscription, live_stream))
            continue;
        reader_t *reader = reader_new(subscription, live_stream);
        if (!reader)
            continue;
        reader_seat(reader, ring_floor(live_stream->ring));
        tell_if_failing(hub, reader->owner, live_stream);
    }
}

/* Each client, whichever of its streams comes first in this round. */
static void tell_once(const hub_t *hub, const live_stream_t *live_stream, text_t method, text_t params)
{
    for (size_t i = 0; i < live_stream->reader_count; i++) {
        readers_t *readers = live_stream->readers[i]->owner;
        if (readers->round != hub->round)
            conversation_notify(readers->sink, method, params);
        readers->round = hub->round;
    }
}

static void tell_readers(const live_stream_t *live_stream, text_t method, text_t params)
{
    for (size_t i = 0; i < live_stream->reader_count; i++)
        conversation_notify(live_stream->readers[i]->owner->sink, method, params);
}

/* Each that reads a symbol of the source, now or later. */
static void tell_all(const hub_t *hub, const offer_t *offer, text_t symbol, text_t method, text_t params)
{
    const live_stream_t *live_stream;
    for (size_t at = 0; (live_stream = markets_each_stream(hub->markets, symbol, offer->name, &at));)
        tell_readers(live_stream, method, params);
}

/* Of what shows that trades came, or did not, only those who get them at once are told: not readers of delayed streams. */
static void tell_live(const hub_t *hub, const offer_t *offer, text_t symbol, text_t method, text_t params)
{
    const market_t *market = markets_find(hub->markets, symbol);
    const live_stream_t *live_stream = market ? market_find(market, offer->name) : NULL;
    if (live_stream)
        tell_readers(live_stream, method, params);
}

static void print_source(const hub_t *hub, const offer_t *offer, bool up, buffer_t *params)
{
    if (up)
        notify_restored(params, offer);
    else
        notify_lost(params, offer, hub_now_ns(hub));
}

void fanout_source(hub_t *hub, const offer_t *offer, bool up)
{
    buffer_t params = buffer_new(0), later = buffer_new(0);
    print_source(hub, offer, up, &params);
    offer_t uncounted = *offer;
    uncounted.missed_known = false; /* how many were missed would tell delayed readers of trades that are not due */
    print_source(hub, &uncounted, up, &later);
    hub->round++;
    const market_t *market;
    for (size_t at = 0; (market = markets_each(hub->markets, &at));) {
        live_stream_t *live_stream;
        for (size_t each = 0; (live_stream = markets_each_stream(hub->markets, market->symbol, offer->name, &each));)
            tell_once(hub, live_stream, up ? TEXT("connection.restored") : TEXT("connection.lost"),
                      buffer_text(live_stream->market->live ? &later : &params));
    }
    buffer_release(&params);
    buffer_release(&later);
}

static void tell_stale(const hub_t *hub, const offer_t *offer, const offer_stale_t *change)
{
    buffer_t params = buffer_new(0);
    if (change->stale)
        notify_stale(&params, offer, change, hub_now_ns(hub));
    else
        notify_fresh(&params, offer, change, hub_now_ns(hub));
    void (*tell)(const hub_t *, const offer_t *, text_t, text_t, text_t) = change->gone || change->again ? tell_all : tell_live;
    tell(hub, offer, change->symbol, change->stale ? TEXT("connection.lost") : TEXT("connection.restored"),
         buffer_text(&params));
    buffer_release(&params);
}

static void tell_failing(const hub_t *hub, const offer_t *offer, const offer_failing_t *change)
{
    const live_stream_t *live_stream;
    for (size_t at = 0; (live_stream = markets_each_stream(hub->markets, change->symbol, offer->name, &at));) {
        for (size_t i = 0; i < live_stream->reader_count; i++)
            tell_client(live_stream->readers[i]->owner, offer->name, change);
    }
}

/* Out of turn: it says of the past what nobody knew then. */
static void tell_hole(const hub_t *hub, const offer_t *offer, const status_hole_t *hole)
{
    char name[SUBJECT_FORM_METHOD_MAX];
    buffer_t params = buffer_new(0);
    notify_hole(&params, offer->name, hole);
    tell_live(hub, offer, hole->symbol, subject_form_method(name, hole->symbol, TEXT("gap")), buffer_text(&params));
    buffer_release(&params);
}

void fanout_stale(hub_t *hub, const offer_t *offer)
{
    size_t at = 0;
    offer_stale_t change;
    offer_failing_t turn;
    status_hole_t hole;
    while (offer_each_change(offer, &at, &change))
        tell_stale(hub, offer, &change);
    at = 0;
    while (offer_each_failing_change(offer, &at, &turn))
        tell_failing(hub, offer, &turn);
    at = 0;
    while (offer_each_hole(offer, &at, &hole))
        tell_hole(hub, offer, &hole);
}
