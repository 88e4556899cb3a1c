#include "gatewayd/streams/market.h"

#include "common/table.h"
#include "gatewayd/clients/reader.h"
#include "gatewayd/clients/waits.h"
#include "gatewayd/streams/notify.h"
#include "proto/trade.h"

#include <assert.h>
#include <stdlib.h>

struct markets {
    table_t *by_symbol;          /* → market_t; owned */
    table_t *by_topic;           /* → channel_t; owned by their markets' lists */
    list_t dirty, reached, kept; /* kept: the one that was asked for last is at the end */
    size_t kept_count;
    uint64_t versions; /* given out: a market that is opened anew is not taken for the one before */
    size_t ring_bytes;
    bool pressing;
    markets_wanted_fn *wanted;
    void *arg;
    buffer_t gap;
};

static void channel_destroy(markets_t *self, channel_t *channel)
{
    assert(channel->reader_count == 0);
    table_remove(self->by_topic, channel->topic);
    list_remove(&channel->in_market);
    list_remove(&channel->in_dirty);
    list_remove(&channel->in_reached);
    heap_release(&channel->awaited);
    ring_destroy(&channel->ring);
    for (size_t i = 0; i < DIALECT_COUNT; i++)
        ring_destroy(&channel->others[i]);
    free(channel->readers);
    free(channel);
}

static void unkeep(markets_t *self, market_t *market)
{
    self->kept_count -= list_linked(&market->in_kept);
    list_remove(&market->in_kept);
}

static void market_destroy(markets_t *self, market_t *market)
{
    list_t *item;
    while ((item = list_take(&market->channels)))
        channel_destroy(self, LIST_OWNER(item, channel_t, in_market));
    unkeep(self, market);
    table_remove(self->by_symbol, market->symbol);
    free(market);
}

void market_changed(market_t *market)
{
    market->version = ++market->owner->versions;
}

/* The stream grows. */
static void note_reached(markets_t *self, channel_t *channel)
{
    if (channel->awaited.count > 0 && !list_linked(&channel->in_reached))
        list_append(&self->reached, &channel->in_reached);
}

/* Before something is appended. */
static void touch(markets_t *self, channel_t *channel)
{
    market_changed(channel->market);
    note_reached(self, channel);
    uint64_t head = ring_head(channel->ring);
    if (list_linked(&channel->in_dirty)) {
        self->pressing = self->pressing || head - channel->dirty_from > self->ring_bytes / 4;
        return;
    }
    channel->dirty_from = head;
    list_append(&self->dirty, &channel->in_dirty);
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
    assert(symbol_valid(symbol));
    market = calloc(1, sizeof *market);
    if (!market)
        return NULL;
    memcpy(market->symbol_text, symbol.at, symbol.length);
    market->symbol = (text_t){market->symbol_text, symbol.length};
    list_init(&market->channels);
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

channel_t *market_find(const market_t *market, text_t source)
{
    LIST_EACH(item, &market->channels)
    {
        channel_t *channel = LIST_OWNER(item, channel_t, in_market);
        if (text_equal(channel->source, source))
            return channel;
    }
    return NULL;
}

/* By cursor. */
static bool is_awaited_before(heap_item_t *item, heap_item_t *other)
{
    return cursor_compare(HEAP_OWNER(item, wait_t, in_stream)->awaited, HEAP_OWNER(other, wait_t, in_stream)->awaited) < 0;
}

channel_t *markets_channel(markets_t *self, market_t *market, text_t source)
{
    channel_t *channel = market_find(market, source);
    if (channel || !(channel = calloc(1, sizeof *channel)))
        return channel;
    channel->market = market;
    channel->topic = (text_t){channel->topic_text, topic_print(channel->topic_text, market->symbol, source)};
    topic_parse(channel->topic, &channel->symbol, &channel->source);
    channel->awaited = heap_new(is_awaited_before);
    list_init(&channel->in_dirty);
    list_init(&channel->in_reached);
    list_init(&channel->in_market);
    if (!table_put(self->by_topic, channel->topic, channel)) {
        free(channel);
        return NULL;
    }
    list_append(&market->channels, &channel->in_market);
    return channel;
}

ring_t *channel_ring(channel_t *channel, dialect_t dialect)
{
    if (dialect == DIALECT_RPC || !channel->ring)
        return channel->ring;
    if (!channel->others[dialect])
        channel->others[dialect] = ring_render(channel->ring, dialect);
    return channel->others[dialect];
}

void channel_forget(channel_t *channel, const ring_t *ring)
{
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (channel->others[i] == ring)
            ring_destroy(&channel->others[i]);
    }
}

bool channel_add(channel_t *channel, reader_t *reader)
{
    if (channel->reader_count == channel->reader_room) {
        size_t room = channel->reader_room ? channel->reader_room * 2 : 1;
        reader_t **readers = realloc(channel->readers, room * sizeof *readers);
        if (!readers)
            return false;
        channel->readers = readers;
        channel->reader_room = room;
    }
    reader->place = channel->reader_count;
    channel->readers[channel->reader_count++] = reader;
    return true;
}

void channel_drop(channel_t *channel, reader_t *reader)
{
    reader_t *last = channel->readers[--channel->reader_count];
    channel->readers[reader->place] = last;
    last->place = reader->place;
}

channel_t *markets_stream(markets_t *self, text_t topic, cursor_t last)
{
    text_t symbol, source;
    if (!topic_parse(topic, &symbol, &source))
        return NULL;
    market_t *market = markets_find(self, symbol);
    channel_t *channel = market ? markets_channel(self, market, source) : NULL;
    if (channel && !channel->ring) {
        channel->ring = ring_new(self->ring_bytes, last);
        market_changed(market);
        note_reached(self, channel);
    }
    return channel && channel->ring ? channel : NULL;
}

void markets_trade(markets_t *self, text_t topic, cursor_t at, text_t json)
{
    channel_t *channel = table_get(self->by_topic, topic);
    if (!channel || !channel->ring || cursor_compare(at, ring_last(channel->ring)) <= 0 || json.length > TRADE_MAX)
        return;
    touch(self, channel);
    ring_append_trade(channel->ring, at, json);
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (channel->others[i])
            ring_append_trade(channel->others[i], at, json);
    }
}

static void append_gap(markets_t *self, channel_t *channel, cursor_t from, cursor_t to,
                       void (*append)(ring_t *, cursor_t, text_t))
{
    buffer_clear(&self->gap);
    notify_gap(&self->gap, channel->symbol, channel->source, from, to);
    touch(self, channel);
    append(channel->ring, to, buffer_text(&self->gap));
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (channel->others[i])
            append(channel->others[i], to, buffer_text(&self->gap));
    }
}

void markets_gap(markets_t *self, text_t topic, cursor_t from, cursor_t to)
{
    channel_t *channel = table_get(self->by_topic, topic);
    if (channel && channel->ring && cursor_compare(to, ring_last(channel->ring)) > 0)
        append_gap(self, channel, from, to, ring_append_gap);
}

void markets_renew(markets_t *self, text_t topic, cursor_t former, cursor_t last)
{
    channel_t *channel = table_get(self->by_topic, topic);
    if (!channel || !channel->ring || ring_last(channel->ring).epoch != former.epoch)
        return;
    cursor_t end = ring_last(channel->ring);
    ring_renew(channel->ring, former, last.epoch);
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (channel->others[i])
            ring_renew(channel->others[i], former, last.epoch);
    }
    for (size_t i = 0; i < channel->reader_count; i++) {
        reader_t *reader = channel->readers[i];
        cursor_t had = reader->last;
        reader->last = cursor_renew(had, former, last.epoch);
        reader->turned = reader->turned || cursor_compare(reader->last, had) != 0;
    }
    channel->former = former;
    channel->proof.known = false;
    append_gap(self, channel, cursor_behind(end), last, ring_append_turn);
}

channel_t *markets_reached(const markets_t *self)
{
    return list_empty(&self->reached) ? NULL : LIST_OWNER(self->reached.next, channel_t, in_reached);
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

channel_t *markets_take_dirty(markets_t *self)
{
    self->pressing = false;
    list_t *item = list_take(&self->dirty);
    return item ? LIST_OWNER(item, channel_t, in_dirty) : NULL;
}
