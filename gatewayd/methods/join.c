#include "gatewayd/methods/join.h"

#include "common/json.h"
#include "gatewayd/clients/catchup.h"
#include "gatewayd/history/page_cache.h"
#include "gatewayd/methods/join_answer.h"
#include "gatewayd/methods/pieces.h"
#include "gatewayd/streams/notify.h"

#include <stdlib.h>

enum { TURN_MAX = 500 /* subscribes that go on before others get their turn: each takes some µs */ };

/* STEP_WAIT: for the answer of history (join->call), or as a wait_ function below says. */
typedef enum { STEP_NEXT, STEP_WAIT, STEP_OVER } step_t;

static int64_t waited_ms(const join_t *join)
{
    return (join->client->hub->now_ns - join->started_ns) / NS_PER_MS;
}

static void waits_stop(join_t *join)
{
    if (join->waits && join->subscription)
        join->subscription->waits--;
    join->waits = false;
    waits_end(&join->client->hub->waits, &join->wait);
}

static void join_free(join_t *join)
{
    history_cancel(&join->call);
    turns_leave(&join->client->hub->turns, &join->turn);
    list_remove(&join->in_client);
    waits_stop(join);
    if (join->subscription)
        join->subscription->joins--;
    buffer_release(&join->history);
    free(join);
}

/* The request was refused: the subscription goes, unless another one has it. */
static step_t give_up(join_t *join)
{
    subscription_t *subscription = join->subscription;
    waits_stop(join);
    join->subscription = NULL;
    if (subscription && --subscription->joins == 0 && !subscription->answered)
        client_unsubscribe(join->client, subscription);
    return STEP_OVER;
}

/* Begun by one of the functions below: does it wait? Else there are too many that do. */
static step_t wait_if(join_t *join, bool begun)
{
    join->waits = begun;
    if (begun && (!join->subscription || ++join->subscription->waits <= WAITS_PER_SYMBOL_MAX))
        return STEP_WAIT;
    if (begun)
        rpc_error(join->request, RPC_LIMIT, "Too many subscribes to %.*s wait: at most %d", TEXT_ARG(join->symbol),
                  WAITS_PER_SYMBOL_MAX);
    else
        rpc_error(join->request, RPC_UNAVAILABLE, "Not ready: too many subscribes wait");
    return give_up(join);
}

static int64_t deadline_ns(const join_t *join, int64_t ms)
{
    return join->started_ns + ms * NS_PER_MS;
}

static step_t wait_until(join_t *join, int64_t until_ns)
{
    return wait_if(join, waits_for_time(&join->client->hub->waits, &join->wait, until_ns));
}

static step_t wait_for_status(join_t *join)
{
    hub_t *hub = join->client->hub;
    int64_t until_ns = deadline_ns(join, JOIN_STATUS_MS), settles_ns = offers_settles_ns(hub->offers);
    return wait_if(join, waits_for_status(&hub->waits, &join->wait, until_ns < settles_ns ? until_ns : settles_ns));
}

static step_t wait_for_stream(join_t *join, channel_t *channel, cursor_t awaited, int64_t until_ns)
{
    return wait_if(join, waits_for_stream(&join->client->hub->waits, &join->wait, channel, awaited, until_ns));
}

/* Is it a source that the client wants the symbol from? */
static bool is_wanted(const join_t *join, const offer_t *offer)
{
    return (join->source.length == 0 || text_equal(join->source, offer->name)) && offer_has(offer, join->symbol, NULL);
}

/* --- symbol --- */

static step_t refuse_symbol(join_t *join)
{
    hub_t *hub = join->client->hub;
    if (!offers_heard(hub->offers))
        rpc_error(join->request, RPC_UNAVAILABLE, "Not ready: no source has been heard yet");
    else if (offers_has(hub->offers, join->symbol))
        rpc_error(join->request, RPC_INVALID_PARAMS, "Invalid source: %.*s", TEXT_ARG(join->source));
    else
        rpc_error(join->request, RPC_INVALID_PARAMS, "Invalid symbol: %.*s", TEXT_ARG(join->symbol));
    return STEP_OVER;
}

/* Joins the symbol's market, with a channel for each source. */
static step_t enter_market(join_t *join)
{
    client_t *client = join->client;
    hub_t *hub = client->hub;
    join->subscription = client_subscription(client, join->symbol);
    if (!join->subscription && client->subscription_count >= hub->limits.subscriptions) {
        rpc_error(join->request, RPC_LIMIT, "Too many subscriptions: at most %zu", hub->limits.subscriptions);
        return STEP_OVER;
    }
    market_t *market = join->subscription ? join->subscription->market : markets_open(hub->markets, join->symbol);
    if (!join->subscription && market && !(join->subscription = client_subscribe(client, market)))
        markets_release(hub->markets, market);
    if (!join->subscription) {
        rpc_error(join->request, RPC_INTERNAL_ERROR, "Out of memory");
        return STEP_OVER;
    }
    join->subscription->joins++;
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        if (is_wanted(join, offer))
            markets_channel(hub->markets, market, offer->name);
    }
    return STEP_NEXT;
}

static step_t find_symbol(join_t *join)
{
    hub_t *hub = join->client->hub;
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        if (is_wanted(join, offer))
            return enter_market(join);
    }
    bool may_come = !offers_settled(hub->offers, hub->now_ns) && waited_ms(join) < JOIN_STATUS_MS;
    return may_come ? wait_for_status(join) : refuse_symbol(join);
}

/* --- streams --- */

/* The place of a stream may still have to be learned. Another gateway may have been ahead of this one, too: then it reaches `since`
 * soon. */
static step_t find_stream(join_t *join, channel_t *channel)
{
    cursor_t since = {0};
    bool resumes = join_since(join, channel, &since);
    bool known = channel->ring && (!resumes || cursor_compare(since, ring_last(channel->ring)) <= 0);
    if (!known && waited_ms(join) < (resumes ? JOIN_RESUME_MS : JOIN_STREAM_MS))
        return wait_for_stream(join, channel, since, deadline_ns(join, resumes ? JOIN_RESUME_MS : JOIN_STREAM_MS));
    if (!channel->ring && resumes) { /* neither "recovered" nor "lost" would be true */
        rpc_error(join->request, RPC_UNAVAILABLE, "Not ready: where %.*s is now is not known yet", TEXT_ARG(channel->topic));
        return give_up(join);
    }
    return STEP_NEXT; /* who does not resume gets later, from where the answer says, what is not known by now */
}

static step_t find_streams(join_t *join)
{
    LIST_EACH(item, &join->subscription->market->channels)
    {
        channel_t *channel = LIST_OWNER(item, channel_t, in_market);
        step_t step = join_takes(join, channel) ? find_stream(join, channel) : STEP_NEXT;
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

static void advance(join_t *join);

static void on_probed(void *arg, range_certainty_t certainty, const range_answer_t *page)
{
    join_t *join = arg;
    hub_t *hub = join->client->hub;
    cursor_t first;
    join->call = NULL;
    json_walk_t walk = json_walk(page->trades);
    bool found = json_next(&walk) && trade_cursor(walk.value, &first);
    bool whole = found && page->missing == 0 && cursor_compare(first, join->probed) == 0;
    bool patient = hub->now_ns - join->probing_ns < CATCHUP_PATIENCE_MS * NS_PER_MS;
    if (!whole && certainty != RANGE_FINAL && patient) {
        join->retry_ns = hub->now_ns + CATCHUP_RETRY_MS * NS_PER_MS;
    } else {
        join->recovered = join->recovered && whole;
        join->judged++;
        join->probing_ns = join->retry_ns = 0;
    }
    advance(join);
}

/* Asks history for the first trade behind `since`. STEP_NEXT: there is nobody to be asked. */
static step_t probe(join_t *join, const channel_t *channel, const ring_t *ring, cursor_t since)
{
    hub_t *hub = join->client->hub;
    if (join->probing_ns == 0)
        join->probing_ns = hub->now_ns;
    if (hub->now_ns < join->retry_ns)
        return wait_until(join, join->retry_ns);
    join->probed = (cursor_t){since.epoch, since.seq + 1};
    join->call = history_range(hub->history, channel->topic, join->probed, ring_floor(ring), 1, on_probed, join);
    if (join->call)
        return STEP_WAIT;
    if (hub->now_ns - join->probing_ns >= CATCHUP_PATIENCE_MS * NS_PER_MS) {
        join->recovered = false;
        return STEP_NEXT;
    }
    join->retry_ns = hub->now_ns + CATCHUP_RETRY_MS * NS_PER_MS;
    return wait_until(join, join->retry_ns);
}

/* Was somebody else given what comes next, a moment ago? */
static bool is_kept(const join_t *join, const channel_t *channel, const ring_t *ring, cursor_t since)
{
    const client_t *client = join->client;
    cursor_t last;
    return page_cache_find(client->hub->pages, channel->topic, client->link->dialect, since, ring_floor(ring), 0, &last)
               .length > 0;
}

/* One stream after the other: join->judged of them are. */
static step_t judge_recovery(join_t *join)
{
    size_t number = 0;
    LIST_EACH(item, &join->subscription->market->channels)
    {
        channel_t *channel = LIST_OWNER(item, channel_t, in_market);
        cursor_t since;
        if (number++ < join->judged)
            continue;
        if (join_takes(join, channel) && join_since(join, channel, &since)) {
            const ring_t *ring = channel_ring(channel, join->client->link->dialect);
            int verdict = judge_ring(ring, since);
            bool asks = verdict == -1 && !is_kept(join, channel, ring, since);
            step_t step = asks ? probe(join, channel, ring, since) : STEP_NEXT;
            if (step != STEP_NEXT)
                return step;
            join->recovered = join->recovered && verdict != 0;
        }
        join->judged++;
        join->probing_ns = join->retry_ns = 0;
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
    join_t *join = arg;
    hub_t *hub = join->client->hub;
    text_t trades;
    join->call = NULL;
    turns_leave(&hub->turns, &join->turn);
    join->partial = !read_trades(answer, &trades);
    if (!join->partial) {
        snapshot_t snapshot;
        join_snapshot(join, &snapshot);
        buffer_clear(&join->history);
        buffer_append(&join->history, trades);
        if (snapshot_history_lags(&snapshot, trades, join->count) && ++join->tries < JOIN_SNAPSHOT_TRIES) {
            join->retry_ns = hub->now_ns + CATCHUP_RETRY_MS * NS_PER_MS;
            advance(join);
            return;
        }
    }
    join->stage++;
    advance(join);
}

/* {"op":"recent",…,"upto":{"<source>":"<epoch>-<seq>",…}} */
static void print_request(const join_t *join, const snapshot_t *snapshot, buffer_t *out)
{
    buffer_printf(out, "{\"op\":\"recent\",\"symbol\":\"%.*s\",\"count\":%llu,\"upto\":{", TEXT_ARG(join->symbol),
                  (unsigned long long)join->count);
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
    join_t *join = LIST_OWNER(turn, join_t, turn);
    hub_t *hub = join->client->hub;
    snapshot_t snapshot;
    buffer_t request = buffer_new(REQUEST_MAX);
    join_snapshot(join, &snapshot);
    print_request(join, &snapshot, &request);
    join->call = buffer_ok(&request) && rpc_wanted(join->request)
                     ? history_ask(hub->history, buffer_text(&request), on_history, join)
                     : NULL;
    buffer_release(&request);
    join->partial = !join->call;
    if (join->call)
        return;
    turns_leave(&hub->turns, turn);
    if (!join->entering)
        advance(join);
}

static step_t fetch_snapshot(join_t *join)
{
    hub_t *hub = join->client->hub;
    snapshot_t snapshot;
    join_snapshot(join, &snapshot);
    if (join->count == 0 || join->partial || !snapshot_needs_history(&snapshot, join->count))
        return STEP_NEXT;
    if (hub->now_ns < join->retry_ns)
        return wait_until(join, join->retry_ns);
    if (join->turn.asker)
        return STEP_WAIT;
    join->turn = (turn_t){.bytes = (size_t)join->count * PIECE_TRADE_BYTES, .begin = on_turn};
    list_init(&join->turn.in_asker);
    join->entering = true;
    join->partial = !turns_enter(&hub->turns, &join->client->asker, &join->turn) || join->partial;
    join->entering = false;
    return join->partial ? STEP_NEXT : STEP_WAIT;
}

/* --- all of it --- */

static step_t answer(join_t *join)
{
    join_answer(join);
    return STEP_OVER;
}

static step_t (*const steps[])(join_t *) = {find_symbol, find_streams, judge_recovery, fetch_snapshot, answer};

/* Goes on as far as it gets. The join may be gone then. */
static void advance(join_t *join)
{
    waits_stop(join);
    while (!join->call) {
        switch (steps[join->stage](join)) {
        case STEP_NEXT:
            join->stage++;
            break;
        case STEP_WAIT:
            return;
        case STEP_OVER:
            join_free(join);
            return;
        }
    }
}

bool join_since_valid(text_t since)
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

void join_start(client_t *client, rpc_request_t *request, const join_request_t *wanted)
{
    join_t *join = calloc(1, sizeof *join + wanted->since.length);
    if (!join) {
        rpc_error(request, RPC_INTERNAL_ERROR, "Out of memory");
        return;
    }
    join->client = client;
    join->request = request;
    memcpy(join->symbol_text, wanted->symbol.at, wanted->symbol.length);
    join->symbol = (text_t){join->symbol_text, wanted->symbol.length};
    if (wanted->source.length > 0)
        memcpy(join->source_text, wanted->source.at, wanted->source.length);
    join->source = (text_t){join->source_text, wanted->source.length};
    if (wanted->since.length > 0)
        memcpy(join->since_text, wanted->since.at, wanted->since.length);
    join->since = (text_t){join->since_text, wanted->since.length};
    join->count = wanted->count;
    join->batch = wanted->batch;
    join->started_ns = client->hub->now_ns;
    join->recovered = true;
    join->history = buffer_new(0);
    list_init(&join->in_client);
    list_append(&client->joins, &join->in_client);
    advance(join);
}

void join_cancel_all(client_t *client, const subscription_t *only)
{
    for (list_t *item = client->joins.next, *next; item != &client->joins; item = next) {
        next = item->next;
        join_t *join = LIST_OWNER(item, join_t, in_client);
        if (only && join->subscription != only)
            continue;
        rpc_error(join->request, RPC_UNAVAILABLE, "Unsubscribed before it had begun: %.*s", TEXT_ARG(join->symbol));
        join_free(join);
    }
}

void join_tick(hub_t *hub)
{
    wait_t *wait;
    for (int turns = 0; turns < TURN_MAX; turns++, hub->counts.looks++) {
        wait = waits_due(&hub->waits, hub->markets, offers_heard_count(hub->offers), hub->now_ns);
        if (!wait)
            return;
        advance(LIST_OWNER(wait, join_t, wait));
    }
}

void join_stood(hub_t *hub, int64_t stood_ns)
{
    waits_stood(&hub->waits, stood_ns);
    LIST_EACH(item, &hub->clients)
    {
        const client_t *client = LIST_OWNER(item, client_t, in_hub);
        LIST_EACH(place, &client->joins)
        {
            join_t *join = LIST_OWNER(place, join_t, in_client);
            join->started_ns += stood_ns;
            join->probing_ns += join->probing_ns > 0 ? stood_ns : 0;
        }
    }
}
