#include "connectord/feed.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/table.h"
#include "connectord/dedup.h"
#include "proto/topic.h"

#include <stdlib.h>

/* One symbol's way through connectord. */
typedef struct {
    feed_t *feed;
    text_t symbol; /* a part of the source's configuration */
    journal_stream_t *stream;
    dedup_t *dedup;
} route_t;

struct feed {
    const feed_shared_t *shared;
    source_t *source;
    route_t *routes; /* one for every symbol that the source offers, in the order of the configuration */
    size_t count;
    table_t *by_symbol;
    buffer_t symbols; /* of the status that was made last */
};

static bool on_trade(void *arg, source_t *source, trade_t *trade)
{
    (void)source;
    feed_t *self = arg;
    static log_limit_t limit;
    route_t *route = table_get(self->by_symbol, trade->symbol);
    if (!route) {
        if (log_allowed(&limit, clock_mono_ns()))
            log_warn("feed: trade of a symbol that is not configured", LOG_SLICE("symbol", trade->symbol),
                     LOG_U64("suppressed", log_suppressed(&limit)));
        return true;
    }
    if (dedup_contains(route->dedup, trade->id))
        return false;
    journal_t *journal = self->shared->journal;
    trade->cursor = (cursor_t){journal_epoch(journal), journal_last(route->stream) + 1};
    char json[TRADE_MAX];
    text_t journaled = journal_append(journal, route->stream, (text_t){json, trade_print(json, trade)});
    if (journaled.length == 0)
        return true; /* the journal said why; what has no place in it must not be published */
    dedup_add(route->dedup, trade->id);
    publisher_trade(self->shared->publisher, journal_topic(route->stream), journaled);
    return true;
}

static void on_status(void *arg, source_t *source, status_event_t event)
{
    (void)source;
    feed_t *self = arg;
    status_t status = feed_status(self, event);
    publisher_status(self->shared->publisher, &status);
}

static const source_events_t source_events = {on_trade, on_status};

static void on_wanted(void *item)
{
    const route_t *route = item;
    source_want(route->feed->source, route->symbol);
}

static void on_released(void *item)
{
    const route_t *route = item;
    source_release(route->feed->source, route->symbol);
}

const demand_events_t feed_demand_events = {on_wanted, on_released};

/* The ids of the stream's last trades, so that a restart does not publish anew what the exchange repeats. */
static void route_remember(route_t *route, const journal_t *journal, uint64_t window)
{
    uint64_t last = journal_last(route->stream), seq = journal_first(route->stream);
    if (last >= seq && last - seq >= window)
        seq = last - window + 1;
    for (; seq <= last; seq++) {
        trade_t trade;
        if (trade_parse(journal_read(journal, route->stream, seq), &trade) && !dedup_contains(route->dedup, trade.id))
            dedup_add(route->dedup, trade.id);
    }
}

/* False when memory runs out, or the journal has no room. */
static bool feed_add_route(feed_t *self, text_t symbol)
{
    if (table_get(self->by_symbol, symbol))
        return true;
    const feed_shared_t *shared = self->shared;
    const source_config_t *config = source_config(self->source);
    route_t *route = &self->routes[self->count];
    char topic[TOPIC_MAX];
    size_t length = topic_print(topic, symbol, config->name);
    route->feed = self;
    route->symbol = symbol;
    route->stream = journal_stream(shared->journal, (text_t){topic, length});
    route->dedup = dedup_new(config->dedup_window);
    self->count++;
    if (!route->stream || !route->dedup || !table_put(self->by_symbol, symbol, route))
        return false;
    route_remember(route, shared->journal, config->dedup_window);
    return demand_offer(shared->demand, journal_topic(route->stream), route);
}

static bool feed_prepare(feed_t *self, const config_t *config, size_t number)
{
    source_config_t settings = {0};
    if (source_config_read(&settings, config, number))
        self->source = source_new(self->shared->loop, self->shared->web, &settings, &source_events, self);
    source_config_release(&settings); /* nothing is left in it where the source took it */
    if (!self->source)
        return false;
    const source_config_t *kept = source_config(self->source);
    self->by_symbol = table_new();
    self->routes = calloc(kept->symbol_count + 1, sizeof *self->routes);
    bool prepared = self->by_symbol && self->routes;
    for (size_t i = 0; prepared && i < kept->symbol_count; i++)
        prepared = feed_add_route(self, kept->symbols[i]);
    return prepared;
}

feed_t *feed_new(const feed_shared_t *shared, const config_t *config, size_t number)
{
    feed_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->shared = shared;
    self->symbols = buffer_new(0);
    if (!feed_prepare(self, config, number)) {
        log_error("feed: source can't be set up",
                  LOG_TEXT("source", config_text(config, "connectord.sources.%zu.name", number)));
        feed_destroy(&self);
    }
    return self;
}

void feed_start(feed_t *self)
{
    source_start(self->source);
}

void feed_heartbeat(feed_t *self)
{
    on_status(self, self->source, STATUS_HEARTBEAT);
}

status_t feed_status(feed_t *self, status_event_t event)
{
    status_t status = {0};
    source_describe(self->source, &status);
    status.event = event;
    status.time_ns = clock_real_ns();
    status.epoch = journal_epoch(self->shared->journal);
    buffer_clear(&self->symbols);
    buffer_append(&self->symbols, TEXT("{"));
    for (size_t i = 0; i < self->count; i++) {
        if (i > 0)
            buffer_append(&self->symbols, TEXT(","));
        buffer_append_json_string(&self->symbols, self->routes[i].symbol);
        buffer_append(&self->symbols, TEXT(":"));
        buffer_append_u64(&self->symbols, journal_last(self->routes[i].stream));
    }
    buffer_append(&self->symbols, TEXT("}"));
    status.symbols = buffer_ok(&self->symbols) ? buffer_text(&self->symbols) : TEXT("{}");
    return status;
}

void feed_stop(feed_t *self)
{
    source_stop(self->source);
}

void feed_destroy(feed_t **self_ref)
{
    feed_t *self = *self_ref;
    if (!self)
        return;
    source_destroy(&self->source);
    for (size_t i = 0; i < self->count; i++)
        dedup_destroy(&self->routes[i].dedup);
    table_destroy(&self->by_symbol);
    buffer_release(&self->symbols);
    free(self->routes);
    free(self);
    *self_ref = NULL;
}
