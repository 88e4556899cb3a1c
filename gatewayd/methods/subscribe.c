#include "gatewayd/methods/subscribe.h"

#include "common/json.h"
#include "gatewayd/clients/catchup.h"
#include "gatewayd/history/page_cache.h"
#include "gatewayd/methods/pieces.h"
#include "gatewayd/methods/subscribe_answer.h"
#include "gatewayd/streams/notify.h"

#include <stdlib.h>

enum { TURN_MAX = 500 /* subscribes that go on before others get their turn: each takes some µs */ };

/* STEP_WAIT: for the answer of history (subscribe->call), or as a wait_ function below says. */
typedef enum { STEP_NEXT, STEP_WAIT, STEP_OVER } subscribe_step_t;

static int64_t waited_ms(const subscribe_t *subscribe)
{
    return (subscribe->client->hub->now_ns - subscribe->started_ns) / NS_PER_MS;
}

static void waits_stop(subscribe_t *subscribe)
{
    if (subscribe->waits && subscribe->subscription)
        subscribe->subscription->waits--;
    subscribe->waits = false;
    waits_end(&subscribe->client->hub->waits, &subscribe->wait);
}

static void subscribe_free(subscribe_t *subscribe)
{
    history_cancel(&subscribe->call);
    turns_leave(&subscribe->client->hub->turns, &subscribe->turn);
    list_remove(&subscribe->in_client);
    waits_stop(subscribe);
    if (subscribe->subscription)
        subscribe->subscription->subscribes--;
    buffer_release(&subscribe->history);
    free(subscribe);
}

/* The request was refused: the subscription goes, unless another one has it. */
static subscribe_step_t give_up(subscribe_t *subscribe)
{
    subscription_t *subscription = subscribe->subscription;
    waits_stop(subscribe);
    subscribe->subscription = NULL;
    if (subscription && --subscription->subscribes == 0 && !subscription->answered)
        client_unsubscribe(subscribe->client, subscription);
    return STEP_OVER;
}

/* Begun by one of the functions below: does it wait? Else there are too many that do. */
static subscribe_step_t wait_if(subscribe_t *subscribe, bool begun)
{
    subscribe->waits = begun;
    if (begun && (!subscribe->subscription || ++subscribe->subscription->waits <= WAITS_PER_SYMBOL_MAX))
        return STEP_WAIT;
    if (begun)
        rpc_error(subscribe->request, RPC_LIMIT, "Too many waiting subscribes to %.*s: at most %d", TEXT_ARG(subscribe->symbol),
                  WAITS_PER_SYMBOL_MAX);
    else
        rpc_error(subscribe->request, RPC_UNAVAILABLE, "Not ready: too many waiting subscribes");
    return give_up(subscribe);
}

static int64_t deadline_ns(const subscribe_t *subscribe, int64_t ms)
{
    return subscribe->started_ns + ms * NS_PER_MS;
}

static subscribe_step_t wait_until(subscribe_t *subscribe, int64_t until_ns)
{
    return wait_if(subscribe, waits_for_time(&subscribe->client->hub->waits, &subscribe->wait, until_ns));
}

static subscribe_step_t wait_for_status(subscribe_t *subscribe)
{
    hub_t *hub = subscribe->client->hub;
    int64_t until_ns = deadline_ns(subscribe, SUBSCRIBE_STATUS_MS), settles_ns = offers_settles_ns(hub->offers);
    return wait_if(subscribe, waits_for_status(&hub->waits, &subscribe->wait, until_ns < settles_ns ? until_ns : settles_ns));
}

static subscribe_step_t wait_for_stream(subscribe_t *subscribe, live_stream_t *live_stream, cursor_t awaited, int64_t until_ns)
{
    return wait_if(subscribe,
                   waits_for_stream(&subscribe->client->hub->waits, &subscribe->wait, live_stream, awaited, until_ns));
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
    hub_t *hub = subscribe->client->hub;
    if (!offers_heard(hub->offers))
        rpc_error(subscribe->request, RPC_UNAVAILABLE, "Not ready: no source has been heard yet");
    else if (offers_has(hub->offers, subscribe->symbol))
        rpc_error(subscribe->request, RPC_INVALID_PARAMS, "Invalid source: %.*s", TEXT_ARG(subscribe->source));
    else
        rpc_error(subscribe->request, RPC_INVALID_PARAMS, "Invalid symbol: %.*s", TEXT_ARG(subscribe->symbol));
    return STEP_OVER;
}

/* Joins the symbol's market, with a live stream for each source. */
static subscribe_step_t enter_market(subscribe_t *subscribe)
{
    client_t *client = subscribe->client;
    hub_t *hub = client->hub;
    subscribe->subscription = client_subscription(client, subscribe->symbol);
    if (!subscribe->subscription && client->subscription_count >= hub->limits.subscriptions) {
        rpc_error(subscribe->request, RPC_LIMIT, "Too many subscriptions: at most %zu", hub->limits.subscriptions);
        return STEP_OVER;
    }
    market_t *market =
        subscribe->subscription ? subscribe->subscription->market : markets_open(hub->markets, subscribe->symbol);
    if (!subscribe->subscription && market && !(subscribe->subscription = client_subscribe(client, market)))
        markets_release(hub->markets, market);
    if (!subscribe->subscription) {
        rpc_error(subscribe->request, RPC_INTERNAL_ERROR, "Out of memory");
        return STEP_OVER;
    }
    subscribe->subscription->subscribes++;
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        if (is_wanted(subscribe, offer))
            markets_live_stream(hub->markets, market, offer->name);
    }
    return STEP_NEXT;
}

static subscribe_step_t find_symbol(subscribe_t *subscribe)
{
    hub_t *hub = subscribe->client->hub;
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        if (is_wanted(subscribe, offer))
            return enter_market(subscribe);
    }
    bool may_come = !offers_settled(hub->offers, hub->now_ns) && waited_ms(subscribe) < SUBSCRIBE_STATUS_MS;
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
    if (!live_stream->ring && resumes) { /* neither "recovered" nor "lost" would be true */
        rpc_error(subscribe->request, RPC_UNAVAILABLE, "Not ready: the position of %.*s is not known yet",
                  TEXT_ARG(live_stream->topic));
        return give_up(subscribe);
    }
    return STEP_NEXT; /* who does not resume gets later, from where the answer says, what is not known by now */
}

static subscribe_step_t find_streams(subscribe_t *subscribe)
{
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        subscribe_step_t step = subscribe_takes(subscribe, live_stream) ? find_stream(subscribe, live_stream) : STEP_NEXT;
        if (step != STEP_NEXT)
            return step;
    }
    return STEP_NEXT;
}

/* --- recovery --- */

/* Is everything behind `since` in the ring? -1: no, but history may have the rest. */
static int judge_ring(const ring_t *ring, cursor_t since)
{
    uint64_t position;
    if (!ring || since.epoch != ring_last(ring).epoch || cursor_compare(since, ring_last(ring)) > 0 ||
        cursor_compare(since, ring_last_gap(ring)) < 0)
        return 0;
    return ring_find(ring, since, &position) ? 1 : -1;
}

static void advance(subscribe_t *subscribe);

static void on_probed(void *arg, range_certainty_t certainty, const range_answer_t *page)
{
    subscribe_t *subscribe = arg;
    hub_t *hub = subscribe->client->hub;
    cursor_t first;
    subscribe->call = NULL;
    json_walk_t walk = json_walk(page->trades);
    bool found = json_next(&walk) && trade_cursor(walk.value, &first);
    bool whole = found && page->missing == 0 && cursor_compare(first, subscribe->probed) == 0;
    bool patient = hub->now_ns - subscribe->probing_ns < CATCHUP_PATIENCE_MS * NS_PER_MS;
    if (!whole && certainty != RANGE_FINAL && patient) {
        subscribe->retry_ns = hub->now_ns + CATCHUP_RETRY_MS * NS_PER_MS;
    } else {
        subscribe->recovered = subscribe->recovered && whole;
        subscribe->judged++;
        subscribe->probing_ns = subscribe->retry_ns = 0;
    }
    advance(subscribe);
}

/* Asks history for the first trade behind `since`. STEP_NEXT: there is nobody to be asked. */
static subscribe_step_t probe(subscribe_t *subscribe, const live_stream_t *live_stream, const ring_t *ring, cursor_t since)
{
    hub_t *hub = subscribe->client->hub;
    if (subscribe->probing_ns == 0)
        subscribe->probing_ns = hub->now_ns;
    if (hub->now_ns < subscribe->retry_ns)
        return wait_until(subscribe, subscribe->retry_ns);
    subscribe->probed = (cursor_t){since.epoch, since.seq + 1};
    subscribe->call =
        history_range(hub->history, live_stream->topic, subscribe->probed, ring_floor(ring), 1, on_probed, subscribe);
    if (subscribe->call)
        return STEP_WAIT;
    if (hub->now_ns - subscribe->probing_ns >= CATCHUP_PATIENCE_MS * NS_PER_MS) {
        subscribe->recovered = false;
        return STEP_NEXT;
    }
    subscribe->retry_ns = hub->now_ns + CATCHUP_RETRY_MS * NS_PER_MS;
    return wait_until(subscribe, subscribe->retry_ns);
}

/* Was somebody else given what comes next, a moment ago? */
static bool is_kept(const subscribe_t *subscribe, const live_stream_t *live_stream, const ring_t *ring, cursor_t since)
{
    const client_t *client = subscribe->client;
    cursor_t last;
    return page_cache_find(client->hub->pages, live_stream->topic, client->link->dialect, since, ring_floor(ring), 0, &last)
               .length > 0;
}

/* One stream after the other: subscribe->judged of them are. */
static subscribe_step_t judge_recovery(subscribe_t *subscribe)
{
    size_t number = 0;
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        cursor_t since;
        if (number++ < subscribe->judged)
            continue;
        if (subscribe_takes(subscribe, live_stream) && subscribe_since(subscribe, live_stream, &since)) {
            const ring_t *ring = live_stream_ring(live_stream, subscribe->client->link->dialect);
            int verdict = judge_ring(ring, since);
            bool asks = verdict == -1 && !is_kept(subscribe, live_stream, ring, since);
            subscribe_step_t step = asks ? probe(subscribe, live_stream, ring, since) : STEP_NEXT;
            if (step != STEP_NEXT)
                return step;
            subscribe->recovered = subscribe->recovered && verdict != 0;
        }
        subscribe->judged++;
        subscribe->probing_ns = subscribe->retry_ns = 0;
    }
    return STEP_NEXT;
}

/* --- snapshot --- */

static bool read_trades(text_t answer, text_t *trades)
{
    if (answer.length == 0 || !json_valid(answer) || json_kind(json_member(answer, "ok")) != JSON_TRUE)
        return false;
    *trades = json_member(answer, "trades");
    return json_kind(*trades) == JSON_ARRAY;
}

static void on_history(void *arg, text_t answer)
{
    subscribe_t *subscribe = arg;
    hub_t *hub = subscribe->client->hub;
    text_t trades;
    subscribe->call = NULL;
    turns_leave(&hub->turns, &subscribe->turn);
    subscribe->partial = !read_trades(answer, &trades);
    if (!subscribe->partial) {
        snapshot_t snapshot;
        subscribe_snapshot(subscribe, &snapshot);
        buffer_clear(&subscribe->history);
        buffer_append(&subscribe->history, trades);
        if (snapshot_history_lags(&snapshot, trades, subscribe->count) && ++subscribe->tries < SUBSCRIBE_SNAPSHOT_TRIES) {
            subscribe->retry_ns = hub->now_ns + CATCHUP_RETRY_MS * NS_PER_MS;
            advance(subscribe);
            return;
        }
    }
    subscribe->stage++;
    advance(subscribe);
}

/* {"op":"recent",…,"upto":{"<source>":"<epoch>-<seq>",…}} */
static void print_request(const subscribe_t *subscribe, const snapshot_t *snapshot, buffer_t *out)
{
    buffer_printf(out, "{\"op\":\"recent\",\"symbol\":\"%.*s\",\"count\":%llu,\"upto\":{", TEXT_ARG(subscribe->symbol),
                  (unsigned long long)subscribe->count);
    for (size_t i = 0; i < snapshot->count; i++) {
        if (i > 0)
            buffer_append(out, TEXT(","));
        buffer_append_json_string(out, snapshot->streams[i].source);
        buffer_append(out, TEXT(":"));
        notify_put_cursor(out, snapshot_boundary(&snapshot->streams[i]));
    }
    buffer_append(out, TEXT("}}"));
}

/* Its turn has come (turns.h). Where nobody can be asked it goes on with what the rings have. */
static void on_turn(turn_t *turn)
{
    subscribe_t *subscribe = LIST_OWNER(turn, subscribe_t, turn);
    hub_t *hub = subscribe->client->hub;
    snapshot_t snapshot;
    buffer_t request = buffer_new(REQUEST_MAX);
    subscribe_snapshot(subscribe, &snapshot);
    print_request(subscribe, &snapshot, &request);
    subscribe->call = buffer_ok(&request) && rpc_wanted(subscribe->request)
                          ? history_ask(hub->history, buffer_text(&request), on_history, subscribe)
                          : NULL;
    buffer_release(&request);
    subscribe->partial = !subscribe->call;
    if (subscribe->call)
        return;
    turns_leave(&hub->turns, turn);
    if (!subscribe->entering)
        advance(subscribe);
}

static subscribe_step_t fetch_snapshot(subscribe_t *subscribe)
{
    hub_t *hub = subscribe->client->hub;
    snapshot_t snapshot;
    subscribe_snapshot(subscribe, &snapshot);
    if (subscribe->count == 0 || subscribe->partial || !snapshot_needs_history(&snapshot, subscribe->count))
        return STEP_NEXT;
    if (hub->now_ns < subscribe->retry_ns)
        return wait_until(subscribe, subscribe->retry_ns);
    if (subscribe->turn.asker)
        return STEP_WAIT;
    subscribe->turn = (turn_t){.bytes = (size_t)subscribe->count * PIECE_TRADE_BYTES, .begin = on_turn};
    list_init(&subscribe->turn.in_asker);
    subscribe->entering = true;
    subscribe->partial = !turns_enter(&hub->turns, &subscribe->client->asker, &subscribe->turn) || subscribe->partial;
    subscribe->entering = false;
    return subscribe->partial ? STEP_NEXT : STEP_WAIT;
}

/* --- all of it --- */

static subscribe_step_t answer(subscribe_t *subscribe)
{
    subscribe_answer(subscribe);
    return STEP_OVER;
}

static subscribe_step_t (*const steps[])(subscribe_t *) = {find_symbol, find_streams, judge_recovery, fetch_snapshot, answer};

/* Goes on as far as it gets. The subscribe may be gone then. */
static void advance(subscribe_t *subscribe)
{
    waits_stop(subscribe);
    while (!subscribe->call) {
        switch (steps[subscribe->stage](subscribe)) {
        case STEP_NEXT:
            subscribe->stage++;
            break;
        case STEP_WAIT:
            return;
        case STEP_OVER:
            subscribe_free(subscribe);
            return;
        }
    }
}

bool subscribe_since_valid(text_t since)
{
    text_t text;
    cursor_t cursor;
    if (json_kind(since) == JSON_STRING)
        return json_plain_string(since, &text) && cursor_parse(text, &cursor);
    if (json_kind(since) != JSON_OBJECT)
        return false;
    for (json_walk_t walk = json_walk(since); json_next(&walk);) {
        if (!json_plain_string(walk.value, &text) || !cursor_parse(text, &cursor))
            return false;
    }
    return true;
}

void subscribe_start(client_t *client, rpc_request_t *request, const subscribe_request_t *wanted)
{
    subscribe_t *subscribe = calloc(1, sizeof *subscribe + wanted->since.length);
    if (!subscribe) {
        rpc_error(request, RPC_INTERNAL_ERROR, "Out of memory");
        return;
    }
    subscribe->client = client;
    subscribe->request = request;
    memcpy(subscribe->symbol_text, wanted->symbol.at, wanted->symbol.length);
    subscribe->symbol = (text_t){subscribe->symbol_text, wanted->symbol.length};
    if (wanted->source.length > 0)
        memcpy(subscribe->source_text, wanted->source.at, wanted->source.length);
    subscribe->source = (text_t){subscribe->source_text, wanted->source.length};
    if (wanted->since.length > 0)
        memcpy(subscribe->since_text, wanted->since.at, wanted->since.length);
    subscribe->since = (text_t){subscribe->since_text, wanted->since.length};
    subscribe->count = wanted->count;
    subscribe->batch = wanted->batch;
    subscribe->started_ns = client->hub->now_ns;
    subscribe->recovered = true;
    subscribe->history = buffer_new(0);
    list_init(&subscribe->in_client);
    list_append(&client->subscribes, &subscribe->in_client);
    advance(subscribe);
}

void subscribe_cancel_all(client_t *client, const subscription_t *only)
{
    for (list_t *item = client->subscribes.next, *next; item != &client->subscribes; item = next) {
        next = item->next;
        subscribe_t *subscribe = LIST_OWNER(item, subscribe_t, in_client);
        if (only && subscribe->subscription != only)
            continue;
        rpc_error(subscribe->request, RPC_UNAVAILABLE, "Unsubscribed before it started: %.*s", TEXT_ARG(subscribe->symbol));
        subscribe_free(subscribe);
    }
}

void subscribe_tick(hub_t *hub)
{
    wait_t *wait;
    for (int turns = 0; turns < TURN_MAX; turns++, hub->counts.looks++) {
        wait = waits_due(&hub->waits, hub->markets, offers_heard_count(hub->offers), hub->now_ns);
        if (!wait)
            return;
        advance(LIST_OWNER(wait, subscribe_t, wait));
    }
}

void subscribe_stood(hub_t *hub, int64_t stood_ns)
{
    waits_stood(&hub->waits, stood_ns);
    LIST_EACH(item, &hub->clients)
    {
        const client_t *client = LIST_OWNER(item, client_t, in_hub);
        LIST_EACH(place, &client->subscribes)
        {
            subscribe_t *subscribe = LIST_OWNER(place, subscribe_t, in_client);
            subscribe->started_ns += stood_ns;
            subscribe->probing_ns += subscribe->probing_ns > 0 ? stood_ns : 0;
        }
    }
}
