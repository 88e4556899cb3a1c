#include "connectord/publish/demand.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/table.h"
#include "proto/topic.h"

#include <assert.h>
#include <stdlib.h>

typedef struct offered_stream {
    text_t topic;
    void *item;
    size_t prefixes;                   /* that want it */
    struct offered_stream *next;       /* of all */
    struct offered_stream *next_alike; /* of the same symbol */
} offered_stream_t;

struct demand {
    const demand_events_t *events;
    offered_stream_t *offers;
    table_t *by_symbol;      /* "trade.BTC-USD.", "readings.sensor-7." -> the subject's first offer */
    table_t *prefixes;       /* a set: every value is one of the two below */
    char matched, unmatched; /* a prefix that begins an offered topic, and one that does not */
    size_t unmatched_count;
};

/* Of "trade." or "readings.", with which a topic or a prefix begins; 0: it has no dot. */
static size_t channel_length(text_t text)
{
    const char *dot = text.length > 0 ? memchr(text.at, '.', text.length) : NULL;
    return dot ? (size_t)(dot - text.at) + 1 : 0;
}

/* "trade.BTC-USD." of a topic or of a prefix that names a whole symbol; else empty. */
static text_t symbol_part(text_t text)
{
    size_t from = channel_length(text);
    if (from == 0)
        return (text_t){0};
    const char *dot = text.length > from ? memchr(text.at + from, '.', text.length - from) : NULL;
    return dot ? (text_t){text.at, (size_t)(dot - text.at) + 1} : (text_t){0};
}

static void offer_add(const demand_t *self, offered_stream_t *offer)
{
    if (offer->prefixes++ == 0)
        self->events->wanted(offer->item);
}

static void offer_remove(const demand_t *self, offered_stream_t *offer)
{
    assert(offer->prefixes > 0);
    if (--offer->prefixes == 0)
        self->events->released(offer->item);
}

/* Calls `each`, where there is one, for every offer whose topic begins with the prefix, and returns how many there are. A prefix that
 * names a whole symbol, as nearly all do, looks at that symbol's offers only. */
static size_t demand_match(const demand_t *self, text_t prefix, void (*each)(const demand_t *self, offered_stream_t *offer))
{
    text_t symbol = symbol_part(prefix);
    offered_stream_t *offer = symbol.length ? table_get(self->by_symbol, symbol) : self->offers;
    size_t matches = 0;
    while (offer) {
        offered_stream_t *next = symbol.length ? offer->next_alike : offer->next;
        if (text_starts_with(offer->topic, prefix)) {
            matches++;
            if (each)
                each(self, offer);
        }
        offer = next;
    }
    return matches;
}

static bool is_demand(text_t prefix)
{
    size_t channel = channel_length(prefix);
    return channel > 0 && prefix.length > channel && prefix.length <= TOPIC_MAX &&
           !text_starts_with(prefix, TEXT(TOPIC_STATUS));
}

demand_t *demand_new(const demand_events_t *events)
{
    demand_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->events = events;
    self->by_symbol = table_new();
    self->prefixes = table_new();
    if (!self->by_symbol || !self->prefixes)
        demand_destroy(&self);
    return self;
}

static bool is_unmatched(const demand_t *self, text_t prefix)
{
    return table_get(self->prefixes, prefix) == &self->unmatched;
}

/* A prefix that was kept for nothing wants something now, or the other way round. Its entry is there, so that this can't fail. */
static void note_match(demand_t *self, text_t prefix)
{
    table_put(self->prefixes, prefix, &self->matched);
    self->unmatched_count--;
}

static void note_no_match(demand_t *self, text_t prefix)
{
    table_put(self->prefixes, prefix, &self->unmatched);
    self->unmatched_count++;
}

/* The prefixes that want a topic are among its own beginnings. */
static void count_prefixes(demand_t *self, offered_stream_t *offer)
{
    text_t prefix = {offer->topic.at, channel_length(offer->topic) + 1};
    for (; prefix.length <= offer->topic.length; prefix.length++) {
        if (is_unmatched(self, prefix))
            note_match(self, prefix);
        if (table_get(self->prefixes, prefix))
            offer_add(self, offer);
    }
}

bool demand_offer(demand_t *self, text_t topic, void *item)
{
    text_t symbol = symbol_part(topic);
    assert(symbol.length > 0);
    offered_stream_t *offer = calloc(1, sizeof *offer);
    if (!offer)
        return false;
    offer->topic = topic;
    offer->item = item;
    offered_stream_t *alike = table_get(self->by_symbol, symbol);
    if (alike) {
        offer->next_alike = alike->next_alike;
        alike->next_alike = offer;
    } else if (!table_put(self->by_symbol, symbol, offer)) {
        free(offer);
        return false;
    }
    offer->next = self->offers;
    self->offers = offer;
    count_prefixes(self, offer);
    return true;
}

static offered_stream_t *find_offer(const demand_t *self, text_t symbol, const void *item)
{
    offered_stream_t *offer = table_get(self->by_symbol, symbol);
    while (offer && offer->item != item)
        offer = offer->next_alike;
    return offer;
}

/* Takes it out of those of its symbol. */
static void unlink_alike(demand_t *self, text_t symbol, const offered_stream_t *offer)
{
    offered_stream_t *first = table_get(self->by_symbol, symbol);
    if (first == offer) {
        if (offer->next_alike)
            table_put(self->by_symbol, symbol, offer->next_alike);
        else
            table_remove(self->by_symbol, symbol);
        return;
    }
    while (first->next_alike != offer)
        first = first->next_alike;
    first->next_alike = offer->next_alike;
}

void demand_withdraw(demand_t *self, text_t topic, const void *item)
{
    text_t symbol = symbol_part(topic);
    offered_stream_t *offer = find_offer(self, symbol, item), **link = &self->offers;
    if (!offer)
        return;
    while (*link != offer)
        link = &(*link)->next;
    *link = offer->next;
    unlink_alike(self, symbol, offer);
    free(offer);
    for (text_t prefix = {topic.at, channel_length(topic) + 1}; prefix.length <= topic.length; prefix.length++)
        if (table_get(self->prefixes, prefix) == &self->matched && demand_match(self, prefix, NULL) == 0)
            note_no_match(self, prefix);
}

void demand_subscribe(demand_t *self, text_t prefix)
{
    if (!is_demand(prefix) || table_get(self->prefixes, prefix))
        return;
    static log_limit_t limit;
    if (demand_match(self, prefix, NULL) == 0) {
        if (self->unmatched_count < DEMAND_STRANGERS_MAX)
            self->unmatched_count += table_put(self->prefixes, prefix, &self->unmatched);
    } else if (demand_prefixes(self) < DEMAND_PREFIXES_MAX && table_put(self->prefixes, prefix, &self->matched)) {
        demand_match(self, prefix, offer_add);
    } else {
        log_warn_limited(&limit, "demand: too many subscriptions: one is not counted", LOG_SLICE("prefix", prefix));
    }
}

void demand_unsubscribe(demand_t *self, text_t prefix)
{
    const void *kind = table_remove(self->prefixes, prefix);
    if (kind == &self->unmatched)
        self->unmatched_count--;
    else if (kind)
        demand_match(self, prefix, offer_remove);
}

bool demand_offers(const demand_t *self, text_t prefix)
{
    return demand_match(self, prefix, NULL) > 0;
}

size_t demand_prefixes(const demand_t *self)
{
    return table_count(self->prefixes) - self->unmatched_count;
}

void demand_destroy(demand_t **self_ref)
{
    demand_t *self = *self_ref;
    if (!self)
        return;
    for (offered_stream_t *offer = self->offers, *next; offer; offer = next) {
        next = offer->next;
        free(offer);
    }
    table_destroy(&self->prefixes);
    table_destroy(&self->by_symbol);
    free(self);
    *self_ref = NULL;
}
