#include "gatewayd/subscribe/subscribe_recovery.h"

#include "common/json/json.h"
#include "gatewayd/clients/conversation.h"
#include "gatewayd/clients/readers.h"
#include "gatewayd/history/page_cache.h"
#include "proto/trade.h"

/* Is everything behind `since` in the ring? -1: no, but history may have the rest. */
static int judge_ring(const ring_t *ring, cursor_t since)
{
    uint64_t position;
    if (!ring || since.epoch != ring_last(ring).epoch || cursor_compare(since, ring_last(ring)) > 0 ||
        cursor_compare(since, ring_last_gap(ring)) < 0)
        return 0;
    return ring_find(ring, since, &position) ? 1 : -1;
}

static void on_probed(void *arg, range_certainty_t certainty, const range_answer_t *page)
{
    subscribe_t *subscribe = arg;
    hub_t *hub = subscribe->hub;
    cursor_t first;
    subscribe->call = NULL;
    json_walk_t walk = json_walk(page->trades);
    bool found = json_next(&walk) && trade_cursor(walk.value, &first);
    bool whole = found && page->missing == 0 && cursor_compare(first, subscribe->probed) == 0;
    bool patient = hub_now_ns(hub) - subscribe->probing_ns < HISTORY_PATIENCE_MS * NS_PER_MS;
    if (!whole && certainty != RANGE_FINAL && patient) {
        subscribe->retry_ns = hub_now_ns(hub) + HISTORY_RETRY_MS * NS_PER_MS;
    } else {
        subscribe->recovered = subscribe->recovered && whole;
        subscribe->judged++;
        subscribe->probing_ns = subscribe->retry_ns = 0;
    }
    subscribe->advance(subscribe);
}

/* Asks history for the first trade behind `since`. SUBSCRIBE_NEXT: there is nobody to be asked. */
static subscribe_step_t probe(subscribe_t *subscribe, const live_stream_t *live_stream, const ring_t *ring, cursor_t since)
{
    hub_t *hub = subscribe->hub;
    if (subscribe->probing_ns == 0)
        subscribe->probing_ns = hub_now_ns(hub);
    if (hub_now_ns(hub) < subscribe->retry_ns)
        return SUBSCRIBE_AGAIN;
    subscribe->probed = (cursor_t){since.epoch, since.seq + 1};
    subscribe->call =
        history_range(hub->history, live_stream->topic, subscribe->probed, ring_floor(ring), 1, on_probed, subscribe);
    if (subscribe->call)
        return SUBSCRIBE_WAIT;
    if (hub_now_ns(hub) - subscribe->probing_ns >= HISTORY_PATIENCE_MS * NS_PER_MS) {
        subscribe->recovered = false;
        return SUBSCRIBE_NEXT;
    }
    subscribe->retry_ns = hub_now_ns(hub) + HISTORY_RETRY_MS * NS_PER_MS;
    return SUBSCRIBE_AGAIN;
}

/* Was somebody else given what comes next, a moment ago? */
static bool is_kept(const subscribe_t *subscribe, const live_stream_t *live_stream, const ring_t *ring, cursor_t since)
{
    cursor_t last;
    dialect_t dialect = subscribe->talk->end.link->dialect;
    return page_cache_find(subscribe->hub->pages, live_stream->topic, dialect, since, ring_floor(ring), 0, &last).length > 0;
}

subscribe_step_t subscribe_recovery(subscribe_t *subscribe)
{
    size_t number = 0;
    if (subscribe->subscription->market->latest)
        return SUBSCRIBE_NEXT; /* it gets the newest */
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        cursor_t since;
        if (number++ < subscribe->judged)
            continue;
        if (subscribe_takes(subscribe, live_stream) && subscribe_since(subscribe, live_stream, &since)) {
            const ring_t *ring = live_stream_ring(live_stream, subscribe->talk->end.link->dialect);
            int verdict = judge_ring(ring, since);
            bool asks = verdict == -1 && !is_kept(subscribe, live_stream, ring, since);
            subscribe_step_t step = asks ? probe(subscribe, live_stream, ring, since) : SUBSCRIBE_NEXT;
            if (step != SUBSCRIBE_NEXT)
                return step;
            subscribe->recovered = subscribe->recovered && verdict != 0;
        }
        subscribe->judged++;
        subscribe->probing_ns = subscribe->retry_ns = 0;
    }
    return SUBSCRIBE_NEXT;
}
