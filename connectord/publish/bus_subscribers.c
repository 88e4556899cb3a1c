#include "connectord/publish/bus_subscribers.h"

#include "common/table.h"
#include "proto/topic.h"

#include <stdlib.h>

typedef struct {
    size_t peers;   /* that have it */
    bool unmatched; /* nothing was offered that begins so when it came */
    size_t length;
    char text[];
} prefix_t;

typedef struct {
    uint64_t id;
    table_t *prefixes;
    size_t bytes, unmatched_bytes;
} bus_subscriber_t;

struct bus_subscribers {
    demand_t *demand;
    table_t *peers;                /* by id */
    table_t *prefixes;             /* of all peers */
    size_t bytes, unmatched_bytes; /* of them, each counted once */
    size_t count;                  /* each counted for each peer */
};

static text_t text_of_prefix(const prefix_t *prefix)
{
    return (text_t){prefix->text, prefix->length};
}

static text_t key_of(const uint64_t *id)
{
    return (text_t){(const char *)id, sizeof *id};
}

bus_subscribers_t *bus_subscribers_new(demand_t *demand)
{
    bus_subscribers_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->demand = demand;
    self->peers = table_new();
    self->prefixes = table_new();
    if (!self->peers || !self->prefixes)
        bus_subscribers_destroy(&self);
    return self;
}

static bus_subscriber_t *subscriber_of(bus_subscribers_t *self, uint64_t id)
{
    bus_subscriber_t *subscriber = table_get(self->peers, key_of(&id));
    if (subscriber)
        return subscriber;
    subscriber = calloc(1, sizeof *subscriber);
    if (subscriber) {
        subscriber->id = id;
        subscriber->prefixes = table_new();
    }
    if (subscriber && subscriber->prefixes && table_put(self->peers, key_of(&id), subscriber))
        return subscriber;
    if (subscriber)
        table_destroy(&subscriber->prefixes);
    free(subscriber);
    return NULL;
}

/* Of all peers; made where nobody has it yet. */
static prefix_t *prefix_of(bus_subscribers_t *self, text_t text)
{
    prefix_t *prefix = table_get(self->prefixes, text);
    if (prefix)
        return prefix;
    prefix = malloc(sizeof *prefix + text.length);
    if (!prefix)
        return NULL;
    bool of_streams = text.length > 0 && memchr(text.at, '.', text.length) && !text_starts_with(text, TEXT(TOPIC_STATUS));
    *prefix = (prefix_t){.length = text.length, .unmatched = of_streams && !demand_offers(self->demand, text)};
    memcpy(prefix->text, text.at, text.length);
    if (!table_put(self->prefixes, text, prefix)) {
        free(prefix);
        return NULL;
    }
    self->bytes += text.length;
    self->unmatched_bytes += prefix->unmatched ? text.length : 0;
    return prefix;
}

/* Nobody has it any longer. */
static void forget(bus_subscribers_t *self, prefix_t *prefix)
{
    table_remove(self->prefixes, text_of_prefix(prefix));
    self->bytes -= prefix->length;
    self->unmatched_bytes -= prefix->unmatched ? prefix->length : 0;
    free(prefix);
}

static void release(bus_subscribers_t *self, prefix_t *prefix)
{
    self->count--;
    if (--prefix->peers > 0)
        return;
    demand_unsubscribe(self->demand, text_of_prefix(prefix));
    forget(self, prefix);
}

static bool take(bus_subscribers_t *self, bus_subscriber_t *subscriber, text_t text)
{
    prefix_t *prefix = prefix_of(self, text);
    if (!prefix)
        return false;
    if (!table_put(subscriber->prefixes, text, prefix)) {
        if (prefix->peers == 0)
            forget(self, prefix);
        return false;
    }
    subscriber->bytes += text.length;
    subscriber->unmatched_bytes += prefix->unmatched ? text.length : 0;
    self->count++;
    if (prefix->peers++ == 0)
        demand_subscribe(self->demand, text);
    return true;
}

/* --- who has too much --- */

typedef size_t share_fn(const bus_subscriber_t *subscriber);

static size_t count_of(const bus_subscriber_t *subscriber)
{
    return table_count(subscriber->prefixes);
}

static size_t bytes_of(const bus_subscriber_t *subscriber)
{
    return subscriber->bytes;
}

static size_t unmatched_bytes_of(const bus_subscriber_t *subscriber)
{
    return subscriber->unmatched_bytes;
}

static uint64_t greediest(const bus_subscribers_t *self, share_fn *share)
{
    const bus_subscriber_t *subscriber, *greatest = NULL;
    for (size_t at = 0; (subscriber = table_each(self->peers, &at));)
        if (!greatest || share(subscriber) > share(greatest))
            greatest = subscriber;
    return greatest ? greatest->id : 0;
}

static bool refuse(bus_subscribers_refusal_t *refusal, uint64_t peer, const char *reason)
{
    *refusal = (bus_subscribers_refusal_t){peer, reason};
    return true;
}

static bool is_too_much(const bus_subscribers_t *self, const bus_subscriber_t *subscriber, bus_subscribers_refusal_t *refusal)
{
    if (count_of(subscriber) > BUS_SUBSCRIBERS_PEER_PREFIXES)
        return refuse(refusal, subscriber->id, "subscriptions: too many on one connection");
    if (self->unmatched_bytes > BUS_SUBSCRIBERS_UNMATCHED_BYTES)
        return refuse(refusal, greediest(self, unmatched_bytes_of),
                      "strangers: too many subscriptions match no topic, and it has the most");
    if (self->bytes > BUS_SUBSCRIBERS_BYTES)
        return refuse(refusal, greediest(self, bytes_of), "subscriptions: too many bytes in all, and it has the most");
    if (self->count > BUS_SUBSCRIBERS_PREFIXES)
        return refuse(refusal, greediest(self, count_of), "subscriptions: too many in all, and it has the most");
    return false;
}

/* --- what peers say --- */

static bus_subscribers_result_t subscribe(bus_subscribers_t *self, uint64_t peer, text_t prefix,
                                          bus_subscribers_refusal_t *refusal)
{
    if (!topic_can_begin(prefix)) {
        refuse(refusal, peer, "malformed: its subscription can't match any topic");
        return BUS_SUBSCRIBERS_REFUSED;
    }
    bus_subscriber_t *subscriber = subscriber_of(self, peer);
    if (subscriber && table_get(subscriber->prefixes, prefix))
        return BUS_SUBSCRIBERS_SUBSCRIBED;
    if (!subscriber || !take(self, subscriber, prefix)) {
        refuse(refusal, peer, "memory: out of memory");
        return BUS_SUBSCRIBERS_REFUSED;
    }
    return is_too_much(self, subscriber, refusal) ? BUS_SUBSCRIBERS_REFUSED : BUS_SUBSCRIBERS_SUBSCRIBED;
}

static void unsubscribe(bus_subscribers_t *self, uint64_t peer, text_t text)
{
    bus_subscriber_t *subscriber = table_get(self->peers, key_of(&peer));
    prefix_t *prefix = subscriber ? table_remove(subscriber->prefixes, text) : NULL;
    if (!prefix)
        return; /* of another one, or of nobody */
    subscriber->bytes -= prefix->length;
    subscriber->unmatched_bytes -= prefix->unmatched ? prefix->length : 0;
    release(self, prefix);
}

bus_subscribers_result_t bus_subscribers_hear(bus_subscribers_t *self, uint64_t peer, const text_t *frames, size_t count,
                                              bus_subscribers_refusal_t *refusal)
{
    bool one = count == 1 && frames[0].length > 0;
    text_t prefix = one ? (text_t){frames[0].at + 1, frames[0].length - 1} : TEXT("");
    if (one && frames[0].at[0] == 1)
        return subscribe(self, peer, prefix, refusal);
    if (one && frames[0].at[0] == 0) {
        unsubscribe(self, peer, prefix);
        return BUS_SUBSCRIBERS_OTHER;
    }
    refuse(refusal, peer, "malformed: sent something other than a subscription");
    return BUS_SUBSCRIBERS_REFUSED;
}

void bus_subscribers_leave(bus_subscribers_t *self, uint64_t peer)
{
    bus_subscriber_t *subscriber = table_remove(self->peers, key_of(&peer));
    prefix_t *prefix;
    if (!subscriber)
        return;
    for (size_t at = 0; (prefix = table_each(subscriber->prefixes, &at));)
        release(self, prefix);
    table_destroy(&subscriber->prefixes);
    free(subscriber);
}

size_t bus_subscribers_bytes(const bus_subscribers_t *self)
{
    return self->bytes;
}

/* Demand may be gone before: it hears nothing of it. */
void bus_subscribers_destroy(bus_subscribers_t **self_p)
{
    bus_subscribers_t *self = *self_p;
    bus_subscriber_t *subscriber;
    prefix_t *prefix;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t at = 0; self->peers && (subscriber = table_each(self->peers, &at));) {
        table_destroy(&subscriber->prefixes);
        free(subscriber);
    }
    for (size_t at = 0; self->prefixes && (prefix = table_each(self->prefixes, &at));)
        free(prefix);
    table_destroy(&self->peers);
    table_destroy(&self->prefixes);
    free(self);
}
