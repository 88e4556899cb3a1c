#include "gatewayd/subscribe/subscribe_floor.h"

#include "common/array.h"
#include "gatewayd/clients/readers.h"
#include "gatewayd/history/stream_edges.h"
#include "gatewayd/streams/market.h"
#include "proto/record.h"

/* --- in the ring --- */

/* What an entry of a ring is compared with. */
typedef struct {
    const ring_t *ring;
    cursor_t since;
    int64_t after_ns;
} floor_search_t;

typedef bool floor_search_fn(const floor_search_t *search, size_t back);

static bool is_later(const floor_search_t *search, size_t back)
{
    cursor_t cursor;
    text_t json;
    return ring_entry(search->ring, back, &cursor, &json) && cursor_compare(cursor, search->since) > 0;
}

/* A gap is what the record behind it is. */
static bool is_visible(const floor_search_t *search, size_t back)
{
    cursor_t cursor;
    text_t json;
    trade_t record;
    bool there;
    while ((there = ring_entry(search->ring, back, &cursor, &json)) && json.length == 0 && back > 0)
        back--;
    return there && (json.length == 0 || (record_parse(json, &record) && trade_time_ns(&record) > search->after_ns));
}

/* How many entries, from the newest one on, are so. */
static size_t count_newest(const floor_search_t *search, floor_search_fn *is)
{
    size_t from = 0, to = (size_t)ring_frames(search->ring);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (is(search, middle))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

typedef enum {
    FLOOR_PASSED, /* everything behind `since` is visible */
    FLOOR_IN_RING,
    FLOOR_IN_HISTORY
} floor_place_t;

/* *floor: what comes behind it is visible: of FLOOR_IN_RING the first of that, of FLOOR_IN_HISTORY all that the ring has. */
static floor_place_t find_in_ring(const floor_search_t *search, cursor_t *floor)
{
    text_t json;
    size_t later = count_newest(search, is_later), visible = count_newest(search, is_visible);
    *floor = ring_floor(search->ring);
    if (visible < later)
        return ring_entry(search->ring, visible, floor, &json) ? FLOOR_IN_RING : FLOOR_IN_HISTORY;
    return visible < ring_frames(search->ring) || cursor_compare(search->since, *floor) >= 0 ? FLOOR_PASSED : FLOOR_IN_HISTORY;
}

/* --- in history --- */

static bool keep_floor(subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t floor)
{
    if (!ARRAY_RESERVE(&subscribe->floors, &subscribe->floor_room, subscribe->floor_count + 1, ARRAY_UNBOUNDED))
        return false;
    subscribe->floors[subscribe->floor_count++] = (stream_floor_t){live_stream, floor};
    subscribe->recovered = subscribe->recovered && !subscribe_lifted(subscribe, live_stream, &floor);
    return true;
}

static void decided(subscribe_t *subscribe)
{
    subscribe->judged++;
    subscribe->probing_ns = subscribe->retry_ns = 0;
}

/* Nobody is told what may be too old: where it is not known it is hidden, up to where the ring begins, which is not. */
static void on_answer(void *arg, text_t answer)
{
    subscribe_t *subscribe = arg;
    cursor_t first, floor = ring_floor(subscribe->asking->ring);
    subscribe->call = NULL;
    edge_t found = stream_start_read(answer, &first);
    bool patient = hub_now_ns(subscribe->hub) - subscribe->probing_ns < HISTORY_PATIENCE_MS * NS_PER_MS;
    if (found == EDGE_UNKNOWN && patient) {
        subscribe->retry_ns = hub_now_ns(subscribe->hub) + HISTORY_RETRY_MS * NS_PER_MS;
    } else {
        bool before = found == EDGE_FOUND && cursor_compare(cursor_before(first), floor) < 0;
        subscribe->unfloored = !keep_floor(subscribe, subscribe->asking, before ? cursor_before(first) : floor);
        decided(subscribe);
    }
    subscribe->advance(subscribe);
}

static subscribe_step_t ask(subscribe_t *subscribe, live_stream_t *live_stream)
{
    hub_t *hub = subscribe->hub;
    int64_t now_ns = hub_now_ns(hub);
    if (subscribe->probing_ns == 0)
        subscribe->probing_ns = now_ns;
    if (now_ns < subscribe->retry_ns)
        return SUBSCRIBE_AGAIN;
    subscribe->asking = live_stream;
    subscribe->call = stream_start_ask(hub->history, live_stream->symbol, live_stream->source, subscribe->visible.after_ns,
                                       on_answer, subscribe);
    if (subscribe->call)
        return SUBSCRIBE_WAIT;
    if (now_ns - subscribe->probing_ns >= HISTORY_PATIENCE_MS * NS_PER_MS) {
        subscribe->unfloored = !keep_floor(subscribe, live_stream, ring_floor(live_stream->ring));
        return SUBSCRIBE_NEXT;
    }
    subscribe->retry_ns = now_ns + HISTORY_RETRY_MS * NS_PER_MS;
    return SUBSCRIBE_AGAIN;
}

/* --- each stream --- */

static subscribe_step_t find_floor(subscribe_t *subscribe, live_stream_t *live_stream)
{
    cursor_t floor;
    floor_search_t search = {.ring = live_stream->ring, .after_ns = subscribe->visible.after_ns};
    if (!search.ring || !subscribe_takes(subscribe, live_stream) || !subscribe_since(subscribe, live_stream, &search.since))
        return SUBSCRIBE_NEXT;
    floor_place_t place = find_in_ring(&search, &floor);
    if (place == FLOOR_IN_HISTORY)
        return ask(subscribe, live_stream);
    subscribe->unfloored = place == FLOOR_IN_RING && !keep_floor(subscribe, live_stream, floor);
    return SUBSCRIBE_NEXT;
}

subscribe_step_t subscribe_floor(subscribe_t *subscribe)
{
    size_t number = 0;
    bool limited = subscribe->visible.after_ns != INT64_MIN && subscribe->since.length > 0;
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        if (!limited || number++ < subscribe->judged)
            continue;
        subscribe_step_t step = find_floor(subscribe, LIST_OWNER(item, live_stream_t, in_market));
        if (step != SUBSCRIBE_NEXT)
            return step;
        decided(subscribe);
        if (subscribe->unfloored)
            break;
    }
    subscribe->judged = 0; /* subscribe_recovery counts, too */
    return SUBSCRIBE_NEXT;
}
