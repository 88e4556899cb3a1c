/* Who on the bus wants which stream, from the subscriptions that XPUB hands over.
 *
 * XPUB names each prefix once when its first subscriber comes, on whatever machine, and once when its last one goes or crashes. A
 * prefix that is longer than "trade." and begins a stream's topic is demand for that stream; one that takes in every symbol (""
 * or "trade.") is not. A stream is wanted from the first such prefix to the last.
 */
#pragma once

#include "common/text.h"

typedef struct demand demand_t;

enum { DEMAND_PREFIXES_MAX = 100000 };

typedef struct {
    void (*wanted)(void *item);   /* somebody wants the stream now */
    void (*released)(void *item); /* nobody wants it any more */
} demand_events_t;

/* `events` is kept, not copied. NULL when memory runs out. */
demand_t *demand_new(const demand_events_t *events);

/* A stream that can be wanted. `topic` (topic.h) must outlive the demand; `item` comes back by the events. All offers come before
 * the first subscription. False when memory runs out. */
bool demand_offer(demand_t *self, text_t topic, void *item);

/* A prefix has its first subscriber, or none any more. Prefixes that no offered topic begins with cost nothing and are forgotten; the
 * others are kept, up to DEMAND_PREFIXES_MAX. */
void demand_subscribe(demand_t *self, text_t prefix);
void demand_unsubscribe(demand_t *self, text_t prefix);

/* Prefixes that are kept. */
size_t demand_prefixes(const demand_t *self);

void demand_destroy(demand_t **self);
