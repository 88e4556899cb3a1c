#include "gatewayd/subscribe/subscribe.h"

#include "gatewayd/history/page_cache.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/offers.h"
#include "gatewayd/subscribe/subscribe_answer.h"
#include "gatewayd/subscribe/subscribe_fetch.h"
#include "gatewayd/subscribe/subscribe_floor.h"
#include "gatewayd/subscribe/subscribe_oldest.h"
#include "gatewayd/subscribe/subscribe_recovery.h"

#include <stdlib.h>

enum { TURN_MAX = 500 /* subscribes that go on before others get their turn: each takes some µs */ };

/* From the first one on that wants marks, pages of history are summed. What is kept is not, and is forgotten. */
static void need_marks(hub_t *hub)
{
    if (!hub->marks)
        page_cache_expire(hub->pages, INT64_MAX);
    hub->marks = true;
}

static int64_t waited_ms(const subscribe_t *subscribe)
{
    return (hub_now_ns(subscribe->hub) - subscribe->started_ns) / NS_PER_MS;
}

static void stop_waiting(subscribe_t *subscribe)
{
    if (subscribe->waits && subscribe->subscription)
        subscribe->subscription->waits--;
    subscribe->waits = false;
    waits_end(&subscribe->hub->waits, &subscribe->wait);
}

static void subscribe_free(subscribe_t *subscribe)
{
    history_cancel(&subscribe->call);
    turns_leave(&subscribe->hub->turns, &subscribe->turn);
    list_remove(&subscribe->task.in_caller);
    list_remove(&subscribe->in_hub);
    stop_waiting(subscribe);
    list_remove(&subscribe->in_subscription);
    buffer_release(&subscribe->history);
    free(subscribe->floors);
    free(subscribe);
}

/* The request was refused: the subscription goes, unless another one has it. */
static subscribe_step_t give_up(subscribe_t *subscribe)
{
    subscription_t *subscription = subscribe->subscription;
    stop_waiting(subscribe);
    subscribe->subscription = NULL;
    list_remove(&subscribe->in_subscription);
    if (subscription && list_empty(&subscription->subscribes) && !subscription->answered)
        readers_unsubscribe(subscription);
    return SUBSCRIBE_OVER;
}

/* Begun by one of the functions below: does it wait? Else there are too many that do. */
static subscribe_step_t wait_if(subscribe_t *subscribe, bool begun)
{
    subscribe->waits = begun;
    if (begun && (!subscribe->subscription || ++subscribe->subscription->waits <= WAITS_PER_SYMBOL_MAX))
        return SUBSCRIBE_WAIT;
    if (begun)
        reply_error(subscribe->reply, RPC_LIMIT, "Too many waiting subscribes to %.*s: at most %d", TEXT_ARG(subscribe->symbol),
                    WAITS_PER_SYMBOL_MAX);
    else
        reply_error(subscribe->reply, RPC_UNAVAILABLE, "Not ready: too many waiting subscribes");
    return give_up(subscribe);
}

static subscribe_step_t wait_until(subscribe_t *subscribe, int64_t until_ns)
{
    return wait_if(subscribe, waits_for_time(&subscribe->hub->waits, &subscribe->wait, until_ns));
}

static int64_t deadline_ns(const subscribe_t *subscribe, int64_t ms)
{
    return subscribe->started_ns + ms * NS_PER_MS;
}

static subscribe_step_t wait_for_status(subscribe_t *subscribe)
{
    hub_t *hub = subscribe->hub;
    int64_t until_ns = deadline_ns(subscribe, SUBSCRIBE_STATUS_MS), settles_ns = offers_settles_ns(hub->offers);
    return wait_if(subscribe, waits_for_status(&hub->waits, &subscribe->wait, until_ns < settles_ns ? until_ns : settles_ns));
}

static subscribe_step_t wait_for_stream(subscribe_t *subscribe, live_stream_t *live_stream, cursor_t awaited, int64_t until_ns)
{
    return wait_if(subscribe,
                   waits_for_stream(&subscribe->hub->waits, &subscribe->wait, &live_stream->awaited, awaited, until_ns));
}

/* Is it a source that the client wants the symbol from? */
static bool is_wanted(const subscribe_t *subscribe, const offer_t *offer)
{
    return (subscribe->source.length == 0 || text_equal(subscribe->source, offer->name)) &&
           offer_has(offer, subscribe->symbol, NULL);
}

/* --- symbol --- */

static subscribe_step_t refuse_symbol(subscribe_t *subscribe)
{
    hub_t *hub = subscribe->hub;
    if (!offers_heard(hub->offers))
        reply_error(subscribe->reply, RPC_UNAVAILABLE, "Not ready: no source has been heard yet");
    else if (offers_has(hub->offers, subscribe->symbol))
        reply_error(subscribe->reply, RPC_INVALID_PARAMS, "Invalid source: %.*s", TEXT_ARG(subscribe->source));
    else
        reply_refuse_subject(subscribe->reply, subscribe->symbol, offers_channel_of(hub->offers, subscribe->symbol));
    return SUBSCRIBE_OVER;
}

/* Where only the newest record matters, the answer has it. */
static void mark_latest(subscribe_t *subscribe, market_t *market)
{
    text_t channel, key;
    subject_split(subscribe->symbol, &channel, &key);
    if (subject_is_symbol(subscribe->symbol))
        return;
    offers_channel(subscribe->hub->offers, channel, &market->latest);
    if (market->live)
        market->live->latest = market->latest;
    if (market->latest && subscribe->count == 0)
        subscribe->count = 1;
    if (market->latest)
        subscribe->visible.after_ns = INT64_MIN; /* it is how things are, whenever they became so */
}

/* That of all, or of those whose role has the same delay. */
static market_t *open_market(const subscribe_t *subscribe)
{
    markets_t *markets = subscribe->hub->markets;
    int64_t delay_ns = caller_delay_ns(&subscribe->talk->caller);
    return delay_ns > 0 ? markets_open_delayed(markets, subscribe->symbol, delay_ns) : markets_open(markets, subscribe->symbol);
}

/* Joins the symbol's market, with a live stream for each source. */
static subscribe_step_t enter_market(subscribe_t *subscribe)
{
    hub_t *hub = subscribe->hub;
    readers_t *readers = subscribe->readers;
    subscribe->subscription = readers_subscription(readers, subscribe->symbol);
    size_t most = caller_subscriptions(&subscribe->talk->caller);
    if (!subscribe->subscription && readers->subscription_count >= most) {
        reply_error(subscribe->reply, RPC_LIMIT, "Too many subscriptions: at most %zu", most);
        return SUBSCRIBE_OVER;
    }
    market_t *market = subscribe->subscription ? subscribe->subscription->market : open_market(subscribe);
    if (!subscribe->subscription && market && !(subscribe->subscription = readers_subscribe(readers, market)))
        markets_release(hub->markets, market);
    if (!subscribe->subscription) {
        reply_error(subscribe->reply, RPC_INTERNAL_ERROR, "Out of memory");
        return SUBSCRIBE_OVER;
    }
    mark_latest(subscribe, market);
    list_append(&subscribe->subscription->subscribes, &subscribe->in_subscription);
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        if (is_wanted(subscribe, offer))
            markets_live_stream(hub->markets, market, offer->name);
    }
    return SUBSCRIBE_NEXT;
}

static subscribe_step_t find_symbol(subscribe_t *subscribe)
{
    hub_t *hub = subscribe->hub;
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        if (is_wanted(subscribe, offer))
            return enter_market(subscribe);
    }
    bool may_come = !offers_settled(hub->offers, hub_now_ns(hub)) && waited_ms(subscribe) < SUBSCRIBE_STATUS_MS;
    return may_come ? wait_for_status(subscribe) : refuse_symbol(subscribe);
}

/* --- streams --- */

/* The place of a stream may still have to be learned. Another gateway may have been ahead of this one, too: then it reaches `since`
 * soon. */
static subscribe_step_t find_stream(subscribe_t *subscribe, live_stream_t *live_stream)
{
    cursor_t since = {0};
    bool resumes = subscribe_since(subscribe, live_stream, &since);
    bool known = live_stream->ring && (!resumes || cursor_compare(since, ring_last(live_stream->ring)) <= 0);
    if (!known && waited_ms(subscribe) < (resumes ? SUBSCRIBE_RESUME_MS : SUBSCRIBE_STREAM_MS))
        return wait_for_stream(subscribe, live_stream, since,
                               deadline_ns(subscribe, resumes ? SUBSCRIBE_RESUME_MS : SUBSCRIBE_STREAM_MS));
    if (!live_stream->ring && (resumes || live_stream->market->live)) { /* neither "recovered" nor "lost" would be true */
        reply_error(subscribe->reply, RPC_UNAVAILABLE, "Not ready: the position of %.*s is not known yet",
                    TEXT_ARG(live_stream->topic));
        return give_up(subscribe);
    }
    return SUBSCRIBE_NEXT; /* who does not resume gets later, from where the answer says, what is not known by now */
}

static subscribe_step_t find_streams(subscribe_t *subscribe)
{
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        subscribe_step_t step = subscribe_takes(subscribe, live_stream) ? find_stream(subscribe, live_stream) : SUBSCRIBE_NEXT;
        if (step != SUBSCRIBE_NEXT)
            return step;
    }
    return SUBSCRIBE_NEXT;
}

/* --- all of it --- */

static void cancel(task_t *task)
{
    subscribe_t *subscribe = LIST_OWNER(task, subscribe_t, task);
    reply_error(subscribe->reply, RPC_UNAVAILABLE, "Unsubscribed before it started: %.*s", TEXT_ARG(subscribe->symbol));
    subscribe_free(subscribe);
}

/* Its role may have changed since it asked. */
static bool may_still(const subscribe_t *subscribe)
{
    const role_t *role = caller_role(&subscribe->talk->caller);
    return role && role_may_subject(role, subscribe->symbol) &&
           subscribe->subscription->market->delay_ns == caller_delay_ns(&subscribe->talk->caller);
}

static subscribe_step_t answer(subscribe_t *subscribe)
{
    if (!may_still(subscribe)) {
        reply_refuse_subject(subscribe->reply, subscribe->symbol, offers_channel_of(subscribe->hub->offers, subscribe->symbol));
        return give_up(subscribe);
    }
    if (subscribe->unfloored) {
        reply_error(subscribe->reply, RPC_INTERNAL_ERROR, "Out of memory");
        return give_up(subscribe);
    }
    subscribe_answer(subscribe);
    conversation_release(subscribe->readers->sink);
    return SUBSCRIBE_OVER;
}

static subscribe_step_t (*const steps[])(subscribe_t *) = {
    find_symbol, find_streams, subscribe_floor, subscribe_oldest, subscribe_recovery, subscribe_fetch, answer};

static void advance(subscribe_t *subscribe)
{
    stop_waiting(subscribe);
    while (!subscribe->call) {
        subscribe_step_t step = steps[subscribe->stage](subscribe);
        if (step == SUBSCRIBE_AGAIN)
            step = wait_until(subscribe, subscribe->retry_ns);
        switch (step) {
        case SUBSCRIBE_NEXT:
            subscribe->stage++;
            break;
        case SUBSCRIBE_WAIT:
        case SUBSCRIBE_AGAIN:
            return;
        case SUBSCRIBE_OVER:
            subscribe_free(subscribe);
            return;
        }
    }
}

void subscribe_start(client_t *client, reply_t *reply, const subscribe_request_t *wanted)
{
    subscribe_t *subscribe = calloc(1, sizeof *subscribe + wanted->since.length);
    if (!subscribe) {
        reply_error(reply, RPC_INTERNAL_ERROR, "Out of memory");
        return;
    }
    subscribe->task.cancel = cancel;
    subscribe->hub = client->talk.caller.hub;
    subscribe->talk = &client->talk;
    subscribe->readers = &client->readers;
    subscribe->advance = advance;
    subscribe->reply = reply;
    memcpy(subscribe->symbol_text, wanted->symbol.at, wanted->symbol.length);
    subscribe->symbol = (text_t){subscribe->symbol_text, wanted->symbol.length};
    if (wanted->source.length > 0)
        memcpy(subscribe->source_text, wanted->source.at, wanted->source.length);
    subscribe->source = (text_t){subscribe->source_text, wanted->source.length};
    if (wanted->since.length > 0)
        memcpy(subscribe->since_text, wanted->since.at, wanted->since.length);
    subscribe->since = (text_t){subscribe->since_text, wanted->since.length};
    subscribe->count = wanted->count;
    subscribe->visible = wanted->visible;
    subscribe->batch = wanted->batch;
    subscribe->mark = wanted->mark;
    if (wanted->mark)
        need_marks(subscribe->hub);
    subscribe->started_ns = hub_now_ns(subscribe->hub);
    subscribe->recovered = true;
    subscribe->history = buffer_new(0);
    list_init(&subscribe->task.in_caller);
    list_init(&subscribe->in_hub);
    list_init(&subscribe->in_subscription);
    list_append(&subscribe->talk->caller.tasks, &subscribe->task.in_caller);
    list_append(&subscribe->hub->subscribes, &subscribe->in_hub);
    advance(subscribe);
}

void subscribe_cancel_all(subscription_t *subscription)
{
    list_t *item;
    while ((item = list_take(&subscription->subscribes)))
        cancel(&LIST_OWNER(item, subscribe_t, in_subscription)->task);
}

void subscribe_tick(hub_t *hub)
{
    int64_t now_ns = hub_now_ns(hub);
    wait_t *wait;
    for (int turns = 0; turns < TURN_MAX; turns++, hub->counts.looks++) {
        wait = markets_reached(hub->markets);
        if (!wait && !(wait = waits_due(&hub->waits, offers_heard_count(hub->offers), now_ns)))
            return;
        advance(LIST_OWNER(wait, subscribe_t, wait));
    }
}

void subscribe_stood(hub_t *hub, int64_t stood_ns)
{
    waits_stood(&hub->waits, stood_ns);
    LIST_EACH(item, &hub->subscribes)
    {
        subscribe_t *subscribe = LIST_OWNER(item, subscribe_t, in_hub);
        subscribe->started_ns += stood_ns;
        subscribe->probing_ns += subscribe->probing_ns > 0 ? stood_ns : 0;
    }
}
