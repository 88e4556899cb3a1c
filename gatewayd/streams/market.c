#include "gatewayd/streams/market.h"

#include "common/array.h"
#include "common/table.h"
#include "gatewayd/streams/notify.h"
#include "proto/record.h"

#include <assert.h>
#include <stdlib.h>

struct markets {
    table_t *by_symbol;          /* → market_t; owned */
    table_t *by_topic;           /* → live_stream_t; owned by their markets' lists */
    list_t dirty, reached, kept; /* kept: the one that was asked for last is at the end */
    size_t kept_count;
    uint64_t versions; /* given out: a market that is reopened is not taken for the one before */
    size_t ring_bytes;
    bool pressing;
    markets_wanted_fn *wanted;
    void *arg;
    buffer_t gap;
};

static void live_stream_destroy(markets_t *self, live_stream_t *live_stream)
{
    assert(live_stream->reader_count == 0);
    table_remove(self->by_topic, live_stream->topic);
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
    while ((item = list_take(&market->live_streams)))
        live_stream_destroy(self, LIST_OWNER(item, live_stream_t, in_market));
    unkeep(self, market);
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

market_t *markets_open(markets_t *self, text_t symbol)
{
    market_t *market = markets_find(self, symbol);
    if (market)
        return market;
    assert(subject_valid(symbol));
    market = calloc(1, sizeof *market);
    if (!market)
        return NULL;
    memcpy(market->symbol_text, symbol.at, symbol.length);
    market->symbol = (text_t){market->symbol_text, symbol.length};
    list_init(&market->live_streams);
    list_init(&market->subscriptions);
    list_init(&market->in_kept);
    market->owner = self;
    market_changed(market);
    if (!table_put(self->by_symbol, market->symbol, market)) {
        free(market);
        return NULL;
    }
    self->wanted(self->arg, market->symbol, true); /* streams that are known already are told from within */
    return market;
}

void markets_release(markets_t *self, market_t *market)
{
    if (!list_empty(&market->subscriptions) || list_linked(&market->in_kept))
        return;
    self->wanted(self->arg, market->symbol, false);
    market_destroy(self, market);
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

live_stream_t *markets_live_stream(markets_t *self, market_t *market, text_t source)
{
    live_stream_t *live_stream = market_find(market, source);
    if (live_stream || !(live_stream = calloc(1, sizeof *live_stream)))
        return live_stream;
    live_stream->market = market;
    live_stream->topic = (text_t){live_stream->topic_text, topic_print(live_stream->topic_text, market->symbol, source)};
    topic_parse(live_stream->topic, &live_stream->symbol, &live_stream->source);
    live_stream->awaited = waits_heap();
    list_init(&live_stream->in_dirty);
    list_init(&live_stream->in_reached);
    list_init(&live_stream->in_market);
    if (!table_put(self->by_topic, live_stream->topic, live_stream)) {
        free(live_stream);
        return NULL;
    }
    list_append(&market->live_streams, &live_stream->in_market);
    return live_stream;
}

ring_t *live_stream_ring(live_stream_t *live_stream, dialect_t dialect)
{
    if (dialect == DIALECT_RPC || !live_stream->ring)
        return live_stream->ring;
    if (!live_stream->others[dialect])
        live_stream->others[dialect] = ring_render(live_stream->ring, dialect);
    return live_stream->others[dialect];
}

void live_stream_forget(live_stream_t *live_stream, const ring_t *ring)
{
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (live_stream->others[i] == ring)
            ring_destroy(&live_stream->others[i]);
    }
}

bool live_stream_add(live_stream_t *live_stream, reader_t *reader)
{
    if (!ARRAY_RESERVE(&live_stream->readers, &live_stream->reader_room, live_stream->reader_count + 1, UINT32_MAX))
        return false;
    reader->place = (uint32_t)live_stream->reader_count;
    live_stream->readers[live_stream->reader_count++] = reader;
    return true;
}

void live_stream_drop(live_stream_t *live_stream, reader_t *reader)
{
    reader_t *last = live_stream->readers[--live_stream->reader_count];
    live_stream->readers[reader->place] = last;
    last->place = reader->place;
}

live_stream_t *markets_stream(markets_t *self, text_t topic, cursor_t last)
{
    text_t symbol, source;
    if (!topic_parse(topic, &symbol, &source))
        return NULL;
    market_t *market = markets_find(self, symbol);
    live_stream_t *live_stream = market ? markets_live_stream(self, market, source) : NULL;
    if (live_stream && !live_stream->ring) {
        live_stream->ring = ring_new(market->latest ? RING_BYTES_LATEST : self->ring_bytes, last);
        if (live_stream->ring)
            ring_tell_of(live_stream->ring, market->symbol);
        market_changed(market);
        note_reached(self, live_stream);
    }
    return live_stream && live_stream->ring ? live_stream : NULL;
}

void markets_trade(markets_t *self, text_t topic, cursor_t at, text_t json)
{
    live_stream_t *live_stream = table_get(self->by_topic, topic);
    if (!live_stream || !live_stream->ring || cursor_compare(at, ring_last(live_stream->ring)) <= 0 || json.length > RECORD_MAX)
        return;
    touch(self, live_stream);
    ring_append_trade(live_stream->ring, at, json);
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (live_stream->others[i])
            ring_append_trade(live_stream->others[i], at, json);
    }
}

static void append_gap(markets_t *self, live_stream_t *live_stream, cursor_t from, cursor_t to,
                       void (*append)(ring_t *, cursor_t, text_t))
{
    if (live_stream->market->latest)
        return;
    buffer_clear(&self->gap);
    notify_gap(&self->gap, live_stream->symbol, live_stream->source, from, to);
    touch(self, live_stream);
    append(live_stream->ring, to, buffer_text(&self->gap));
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (live_stream->others[i])
            append(live_stream->others[i], to, buffer_text(&self->gap));
    }
}

void markets_gap(markets_t *self, text_t topic, cursor_t from, cursor_t to)
{
    live_stream_t *live_stream = table_get(self->by_topic, topic);
    if (live_stream && live_stream->ring && cursor_compare(to, ring_last(live_stream->ring)) > 0)
        append_gap(self, live_stream, from, to, ring_append_gap);
}

void markets_renew(markets_t *self, text_t topic, cursor_t former, cursor_t last)
{
    live_stream_t *live_stream = table_get(self->by_topic, topic);
    if (!live_stream || !live_stream->ring || ring_last(live_stream->ring).epoch != former.epoch)
        return;
    cursor_t end = ring_last(live_stream->ring);
    ring_renew(live_stream->ring, former, last.epoch);
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (live_stream->others[i])
            ring_renew(live_stream->others[i], former, last.epoch);
    }
    for (size_t i = 0; i < live_stream->reader_count; i++) {
        reader_t *reader = live_stream->readers[i];
        cursor_t had = reader->last;
        reader->last = cursor_renew(had, former, last.epoch);
        reader->turned = reader->turned || cursor_compare(reader->last, had) != 0;
    }
    live_stream->former = former;
    live_stream->coverage.known = false;
    live_stream->oldest = (oldest_t){0}; /* of the former epoch, maybe */
    append_gap(self, live_stream, cursor_behind(end), last, ring_append_turn);
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
