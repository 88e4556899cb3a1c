/* Which streams are wanted on the bus, from the prefixes that have subscribers (bus_subscribers.h).
 *
 * A prefix is reported when its first subscriber comes, on any machine, and when its last one leaves or crashes. A
 * prefix that is longer than "trade." (or "readings.", of another channel) and begins a stream's topic is demand for that stream; one that
 * matches every symbol ("" or "trade.") is not. A stream is wanted from the first such prefix to the last.
 */
#pragma once

#include "common/text.h"

typedef struct demand demand_t;

enum {
    DEMAND_PREFIXES_MAX = 100000, /* that want something */
    DEMAND_STRANGERS_MAX = 10000  /* that match nothing offered */
};

typedef struct {
    void (*wanted)(void *item);   /* somebody wants the stream now */
    void (*released)(void *item); /* it is no longer wanted */
} demand_events_t;

/* `events` is kept, not copied. NULL when memory runs out. */
demand_t *demand_new(const demand_events_t *events);

/* A stream that can be wanted; `wanted` is called before it returns if somebody already wants it. `topic` (topic.h) must outlive the
 * offer; `item`, of which there is one offer, comes back by the events. False when memory runs out. */
bool demand_offer(demand_t *self, text_t topic, void *item);

/* The item is no longer offered. Nothing is called. Fine for one that is not. */
void demand_withdraw(demand_t *self, text_t topic, const void *item);

/* A prefix has a subscriber (maybe one of several), or has lost its last. Up to as many as said above are kept: those that no offered topic begins with, too,
 * since one may be offered later. */
void demand_subscribe(demand_t *self, text_t prefix);
void demand_unsubscribe(demand_t *self, text_t prefix);

/* Does an offered topic begin with the prefix, as demand or not? */
bool demand_offers(const demand_t *self, text_t prefix);

/* Prefixes that are kept because they want something. */
size_t demand_prefixes(const demand_t *self);

void demand_destroy(demand_t **self);
