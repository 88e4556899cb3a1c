/* Over 400 lines, but one idea: which markets and streams there are, from when to when, and how each of them grows. */
#include "gatewayd/streams/market.h"

#include "common/table.h"
#include "gatewayd/streams/notify.h"
#include "proto/record.h"

#include <assert.h>
#include <stdlib.h>

struct markets {
    table_t *by_symbol;          /* → market_t; owned */
    table_t *by_topic;           /* → live_stream_t of live markets; owned by their lists */
    list_t dirty, reached, kept; /* kept: the one that was asked for last is at the end */
    size_t kept_count;
    uint64_t versions; /* given out: a market that is reopened is not taken for the one before */
    size_t ring_bytes;
    bool pressing;
    markets_wanted_fn *wanted;
    void *arg;
    markets_delayed_fn *delayed;
    void *delayed_arg;
    buffer_t gap;
};

static void tell_delayed(live_stream_t *live_stream, bool opened)
{
    const market_t *market = live_stream->market;
    if (market->live && market->owner->delayed)
        market->owner->delayed(market->owner->delayed_arg, live_stream, opened);
}

static void close_stream(live_stream_t *live_stream)
{
    assert(live_stream->reader_count == 0);
    tell_delayed(live_stream, false);
    if (!live_stream->market->live)
        table_remove(live_stream->market->owner->by_topic, live_stream->topic);
    list_remove(&live_stream->in_market);
    list_remove(&live_stream->in_dirty);
    list_remove(&live_stream->in_reached);
    heap_release(&live_stream->awaited);
    ring_destroy(&live_stream->ring);
    for (size_t i = 0; i < DIALECT_COUNT; i++)
        ring_destroy(&live_stream->others[i]);
    free(live_stream->readers);
    free(live_stream);
}

static void unkeep(markets_t *self, market_t *market)
{
    self->kept_count -= list_linked(&market->in_kept);
    list_remove(&market->in_kept);
}

static void market_destroy(markets_t *self, market_t *market)
{
    list_t *item;
    while ((item = list_take(&market->delayed)))
        market_destroy(self, LIST_OWNER(item, market_t, in_live));
    while ((item = list_take(&market->live_streams)))
        close_stream(LIST_OWNER(item, live_stream_t, in_market));
    unkeep(self, market);
    list_remove(&market->in_live);
    if (!market->live)
        table_remove(self->by_symbol, market->symbol);
    free(market);
}

void market_changed(market_t *market)
{
    market->version = ++market->owner->versions;
}

/* The stream grows. */
static void note_reached(markets_t *self, live_stream_t *live_stream)
{
    if (live_stream->awaited.count > 0 && !list_linked(&live_stream->in_reached))
        list_append(&self->reached, &live_stream->in_reached);
}

/* Before something is appended. */
static void touch(markets_t *self, live_stream_t *live_stream)
{
    market_changed(live_stream->market);
    note_reached(self, live_stream);
    uint64_t head = ring_head(live_stream->ring);
    if (list_linked(&live_stream->in_dirty)) {
        self->pressing = self->pressing || head - live_stream->dirty_from > self->ring_bytes / 4;
        return;
    }
    live_stream->dirty_from = head;
    list_append(&self->dirty, &live_stream->in_dirty);
}

markets_t *markets_new(size_t ring_bytes, markets_wanted_fn *wanted, void *arg)
{
    markets_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->ring_bytes = ring_bytes;
    self->wanted = wanted;
    self->arg = arg;
    self->gap = buffer_new(0);
    list_init(&self->dirty);
    list_init(&self->reached);
    list_init(&self->kept);
    self->by_symbol = table_new();
    self->by_topic = table_new();
    if (!self->by_symbol || !self->by_topic)
        markets_destroy(&self);
    return self;
}

void markets_destroy(markets_t **self_p)
{
    markets_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    market_t *market;
    while (self->by_symbol && self->by_topic && (market = table_each(self->by_symbol, &(size_t){0})))
        market_destroy(self, market);
    table_destroy(&self->by_symbol);
    table_destroy(&self->by_topic);
    buffer_release(&self->gap);
    free(self);
}

market_t *markets_find(const markets_t *self, text_t symbol)
{
    return table_get(self->by_symbol, symbol);
}

live_stream_t *market_find(const market_t *market, text_t source)
{
    LIST_EACH(item, &market->live_streams)
    {
        live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        if (text_equal(live_stream->source, source))
            return live_stream;
    }
    return NULL;
}

static live_stream_t *open_stream(market_t *market, text_t source)
{
    live_stream_t *live_stream = calloc(1, sizeof *live_stream);
    if (!live_stream)
        return NULL;
    live_stream->market = market;
    live_stream->topic = (text_t){live_stream->topic_text, topic_print(live_stream->topic_text, market->symbol, source)};
    topic_parse(live_stream->topic, &live_stream->symbol, &live_stream->source);
    live_stream->awaited = waits_heap();
    list_init(&live_stream->in_dirty);
    list_init(&live_stream->in_reached);
    list_init(&live_stream->in_market);
    if (!market->live && !table_put(market->owner->by_topic, live_stream->topic, live_stream)) {
        free(live_stream);
        return NULL;
    }
    list_append(&market->live_streams, &live_stream->in_market);
    tell_delayed(live_stream, true);
    return live_stream;
}

static market_t *market_new(markets_t *self, text_t symbol)
{
    market_t *market = calloc(1, sizeof *market);
    assert(subject_valid(symbol));
    if (!market)
        return NULL;
    memcpy(market->symbol_text, symbol.at, symbol.length);
    market->symbol = (text_t){market->symbol_text, symbol.length};
    list_t *lists[] = {&market->live_streams, &market->subscriptions, &market->delayed, &market->in_live, &market->in_kept};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        list_init(lists[i]);
    market->owner = self;
    market_changed(market);
    return market;
}

market_t *markets_open(markets_t *self, text_t symbol)
{
    market_t *market = markets_find(self, symbol);
    if (market || !(market = market_new(self, symbol)))
        return market;
    if (!table_put(self->by_symbol, market->symbol, market)) {
        free(market);
        return NULL;
    }
    self->wanted(self->arg, market->symbol, true); /* streams that are known already are told from within */
    return market;
}

static market_t *find_delayed(const market_t *live, int64_t delay_ns)
{
    LIST_EACH(item, &live->delayed)
    {
        market_t *market = LIST_OWNER(item, market_t, in_live);
        if (market->delay_ns == delay_ns)
            return market;
    }
    return NULL;
}

market_t *markets_open_delayed(markets_t *self, text_t symbol, int64_t delay_ns)
{
    assert(delay_ns > 0);
    market_t *live = markets_open(self, symbol), *market = live ? find_delayed(live, delay_ns) : NULL;
    if (!live || market)
        return market;
    if (!(market = market_new(self, symbol))) {
        markets_release(self, live);
        return NULL;
    }
    market->live = live;
    market->delay_ns = delay_ns;
    market->latest = live->latest;
    list_append(&live->delayed, &market->in_live);
    LIST_EACH(item, &live->live_streams)
    open_stream(market, LIST_OWNER(item, live_stream_t, in_market)->source);
    return market;
}

void markets_tell_delayed(markets_t *self, markets_delayed_fn *told, void *arg)
{
    self->delayed = told;
    self->delayed_arg = arg;
}

void markets_release(markets_t *self, market_t *market)
{
    if (!list_empty(&market->subscriptions) || !list_empty(&market->delayed) || list_linked(&market->in_kept))
        return;
    market_t *live = market->live;
    if (!live)
        self->wanted(self->arg, market->symbol, false);
    market_destroy(self, market);
    if (live)
        markets_release(self, live);
}

bool markets_keep(markets_t *self, market_t *market, int64_t until_ns)
{
    if (!list_linked(&market->in_kept) && self->kept_count == MARKETS_KEPT_MAX)
        return false;
    unkeep(self, market);
    list_append(&self->kept, &market->in_kept);
    self->kept_count++;
    market->kept_ns = until_ns;
    return true;
}

void markets_expire(markets_t *self, int64_t now_ns, bool (*unwanted)(void *arg, const market_t *market), void *arg)
{
    for (list_t *item = self->kept.next, *next; item != &self->kept; item = next) {
        market_t *market = LIST_OWNER(item, market_t, in_kept);
        next = item->next;
        if (market->kept_ns > now_ns && !unwanted(arg, market))
            continue;
        unkeep(self, market);
        markets_release(self, market);
    }
}

market_t *markets_each(const markets_t *self, size_t *at)
{
    return table_each(self->by_symbol, at);
}

live_stream_t *markets_live_stream(markets_t *self, market_t *market, text_t source)
{
    market_t *live = market->live ? market->live : market;
    assert(market->owner == self);
    if (!market_find(live, source) && !open_stream(live, source))
        return NULL;
    LIST_EACH(item, &live->delayed)
    {
        market_t *delayed = LIST_OWNER(item, market_t, in_live);
        if (!market_find(delayed, source))
            open_stream(delayed, source);
    }
    return market_find(market, source);
}

live_stream_t *markets_each_stream(const markets_t *self, text_t symbol, text_t source, size_t *at)
{
    const market_t *live = markets_find(self, symbol);
    size_t number = (*at)++;
    if (live && number == 0)
        return market_find(live, source);
    if (!live)
        return NULL;
    LIST_EACH(item, &live->delayed)
    {
        if (--number == 0)
            return market_find(LIST_OWNER(item, market_t, in_live), source);
    }
    return NULL;
}

/* --- a stream of it grows --- */

bool market_begin(live_stream_t *live_stream, cursor_t last)
{
    market_t *market = live_stream->market;
    live_stream->ring = ring_new(market->latest ? RING_BYTES_LATEST : market->owner->ring_bytes, last);
    if (live_stream->ring)
        ring_tell_of(live_stream->ring, market->symbol);
    market_changed(market);
    note_reached(market->owner, live_stream);
    return live_stream->ring != NULL;
}

void market_append(live_stream_t *live_stream, cursor_t at, text_t json)
{
    if (!live_stream->ring || cursor_compare(at, ring_last(live_stream->ring)) <= 0 || json.length > RECORD_MAX)
        return;
    touch(live_stream->market->owner, live_stream);
    live_stream_append(live_stream, at, json, ring_append_trade);
}

static void append_gap(live_stream_t *live_stream, cursor_t from, cursor_t to, live_stream_append_fn *append)
{
    markets_t *self = live_stream->market->owner;
    if (live_stream->market->latest)
        return;
    buffer_clear(&self->gap);
    notify_gap(&self->gap, live_stream->symbol, live_stream->source, from, to);
    touch(self, live_stream);
    live_stream_append(live_stream, to, buffer_text(&self->gap), append);
}

void market_gap(live_stream_t *live_stream, cursor_t from, cursor_t to)
{
    if (live_stream->ring && cursor_compare(to, ring_last(live_stream->ring)) > 0)
        append_gap(live_stream, from, to, ring_append_gap);
}

void market_turn(live_stream_t *live_stream, cursor_t from, cursor_t to)
{
    if (live_stream->ring && cursor_compare(to, ring_last(live_stream->ring)) >= 0)
        append_gap(live_stream, from, to, ring_append_turn);
}

/* --- what comes from the bus --- */

live_stream_t *markets_stream(markets_t *self, text_t topic, cursor_t last)
{
    text_t symbol, source;
    if (!topic_parse(topic, &symbol, &source))
        return NULL;
    market_t *market = markets_find(self, symbol);
    live_stream_t *live_stream = market ? markets_live_stream(self, market, source) : NULL;
    return live_stream && (live_stream->ring || market_begin(live_stream, last)) ? live_stream : NULL;
}

void markets_trade(markets_t *self, text_t topic, cursor_t at, text_t json)
{
    live_stream_t *live_stream = table_get(self->by_topic, topic);
    if (live_stream)
        market_append(live_stream, at, json);
}

void markets_gap(markets_t *self, text_t topic, cursor_t from, cursor_t to)
{
    live_stream_t *live_stream = table_get(self->by_topic, topic);
    if (live_stream)
        market_gap(live_stream, from, to);
}

static void renew(live_stream_t *live_stream, cursor_t former, cursor_t last)
{
    cursor_t end = ring_last(live_stream->ring);
    live_stream_renew(live_stream, former, last.epoch);
    append_gap(live_stream, cursor_behind(end), last, ring_append_turn);
}

/* What follows later, and has not come to where the former epoch ended, crosses that place in its time. */
static void renew_delayed(const live_stream_t *live_stream, cursor_t former, cursor_t last)
{
    LIST_EACH(item, &live_stream->market->delayed)
    {
        live_stream_t *delayed = market_find(LIST_OWNER(item, market_t, in_live), live_stream->source);
        cursor_t end = delayed && delayed->ring ? ring_last(delayed->ring) : former;
        if (end.epoch == former.epoch && end.seq > former.seq)
            renew(delayed, former, cursor_renew(end, former, last.epoch));
    }
}

void markets_renew(markets_t *self, text_t topic, cursor_t former, cursor_t last)
{
    live_stream_t *live_stream = table_get(self->by_topic, topic);
    if (!live_stream || !live_stream->ring || ring_last(live_stream->ring).epoch != former.epoch)
        return;
    renew(live_stream, former, last);
    renew_delayed(live_stream, former, last);
}

wait_t *markets_reached(markets_t *self)
{
    while (!list_empty(&self->reached)) {
        live_stream_t *live_stream = LIST_OWNER(self->reached.next, live_stream_t, in_reached);
        wait_t *wait = live_stream->ring ? waits_reached(&live_stream->awaited, ring_last(live_stream->ring)) : NULL;
        if (wait)
            return wait;
        list_remove(&live_stream->in_reached);
    }
    return NULL;
}

bool markets_pressing(const markets_t *self)
{
    return self->pressing;
}

size_t markets_dirty(const markets_t *self)
{
    size_t count = 0;
    LIST_EACH(item, &self->dirty)
    count++;
    return count;
}

live_stream_t *markets_take_dirty(markets_t *self)
{
    self->pressing = false;
    list_t *item = list_take(&self->dirty);
    return item ? LIST_OWNER(item, live_stream_t, in_dirty) : NULL;
}
