#include "connectord/publish/listeners.h"

#include "common/table.h"
#include "proto/topic.h"

#include <stdlib.h>

typedef struct {
    size_t peers;  /* that have it */
    bool stranger; /* nothing was offered that begins so when it came */
    size_t length;
    char text[];
} prefix_t;

typedef struct {
    uint64_t id;
    table_t *prefixes;
    size_t bytes, stranger_bytes;
} listener_t;

struct listeners {
    demand_t *demand;
    table_t *peers;               /* by id */
    table_t *prefixes;            /* of all peers */
    size_t bytes, stranger_bytes; /* of them, each counted once */
    size_t count;                 /* each counted for each peer */
};

static text_t text_of_prefix(const prefix_t *prefix)
{
    return (text_t){prefix->text, prefix->length};
}

static text_t key_of(const uint64_t *id)
{
    return (text_t){(const char *)id, sizeof *id};
}

listeners_t *listeners_new(demand_t *demand)
{
    listeners_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->demand = demand;
    self->peers = table_new();
    self->prefixes = table_new();
    if (!self->peers || !self->prefixes)
        listeners_destroy(&self);
    return self;
}

static listener_t *listener_of(listeners_t *self, uint64_t id)
{
    listener_t *listener = table_get(self->peers, key_of(&id));
    if (listener)
        return listener;
    listener = calloc(1, sizeof *listener);
    if (listener) {
        listener->id = id;
        listener->prefixes = table_new();
    }
    if (listener && listener->prefixes && table_put(self->peers, key_of(&id), listener))
        return listener;
    if (listener)
        table_destroy(&listener->prefixes);
    free(listener);
    return NULL;
}

/* Of all peers; made where nobody has it yet. */
static prefix_t *prefix_of(listeners_t *self, text_t text)
{
    prefix_t *prefix = table_get(self->prefixes, text);
    if (prefix)
        return prefix;
    prefix = malloc(sizeof *prefix + text.length);
    if (!prefix)
        return NULL;
    *prefix = (prefix_t){.length = text.length,
                         .stranger = text_starts_with(text, TEXT(TOPIC_TRADE)) && !demand_offers(self->demand, text)};
    memcpy(prefix->text, text.at, text.length);
    if (!table_put(self->prefixes, text, prefix)) {
        free(prefix);
        return NULL;
    }
    self->bytes += text.length;
    self->stranger_bytes += prefix->stranger ? text.length : 0;
    return prefix;
}

/* Nobody has it any longer. */
static void forget(listeners_t *self, prefix_t *prefix)
{
    table_remove(self->prefixes, text_of_prefix(prefix));
    self->bytes -= prefix->length;
    self->stranger_bytes -= prefix->stranger ? prefix->length : 0;
    free(prefix);
}

static void release(listeners_t *self, prefix_t *prefix)
{
    self->count--;
    if (--prefix->peers > 0)
        return;
    demand_unsubscribe(self->demand, text_of_prefix(prefix));
    forget(self, prefix);
}

static bool take(listeners_t *self, listener_t *listener, text_t text)
{
    prefix_t *prefix = prefix_of(self, text);
    if (!prefix)
        return false;
    if (!table_put(listener->prefixes, text, prefix)) {
        if (prefix->peers == 0)
            forget(self, prefix);
        return false;
    }
    listener->bytes += text.length;
    listener->stranger_bytes += prefix->stranger ? text.length : 0;
    self->count++;
    if (prefix->peers++ == 0)
        demand_subscribe(self->demand, text);
    return true;
}

/* --- who has too much --- */

typedef size_t share_fn(const listener_t *listener);

static size_t count_of(const listener_t *listener)
{
    return table_count(listener->prefixes);
}

static size_t bytes_of(const listener_t *listener)
{
    return listener->bytes;
}

static size_t stranger_bytes_of(const listener_t *listener)
{
    return listener->stranger_bytes;
}

static uint64_t greediest(const listeners_t *self, share_fn *share)
{
    const listener_t *listener, *greatest = NULL;
    for (size_t at = 0; (listener = table_each(self->peers, &at));)
        if (!greatest || share(listener) > share(greatest))
            greatest = listener;
    return greatest ? greatest->id : 0;
}

static bool refuse(listeners_refusal_t *refusal, uint64_t peer, const char *reason)
{
    *refusal = (listeners_refusal_t){peer, reason};
    return true;
}

static bool is_too_much(const listeners_t *self, const listener_t *listener, listeners_refusal_t *refusal)
{
    if (count_of(listener) > LISTENERS_PEER_PREFIXES)
        return refuse(refusal, listener->id, "subscriptions: it has too many");
    if (self->stranger_bytes > LISTENERS_STRANGER_BYTES)
        return refuse(refusal, greediest(self, stranger_bytes_of),
                      "strangers: too many subscriptions begin no topic, and it has the most");
    if (self->bytes > LISTENERS_BYTES)
        return refuse(refusal, greediest(self, bytes_of), "subscriptions: all are too long together, and its are the longest");
    if (self->count > LISTENERS_PREFIXES)
        return refuse(refusal, greediest(self, count_of), "subscriptions: there are too many, and it has the most");
    return false;
}

/* --- what peers say --- */

static listeners_result_t subscribe(listeners_t *self, uint64_t peer, text_t prefix, listeners_refusal_t *refusal)
{
    if (!topic_can_begin(prefix)) {
        refuse(refusal, peer, "malformed: no topic begins like its subscription");
        return LISTENERS_REFUSED;
    }
    listener_t *listener = listener_of(self, peer);
    if (listener && table_get(listener->prefixes, prefix))
        return LISTENERS_SUBSCRIBED;
    if (!listener || !take(self, listener, prefix)) {
        refuse(refusal, peer, "memory: it has run out");
        return LISTENERS_REFUSED;
    }
    return is_too_much(self, listener, refusal) ? LISTENERS_REFUSED : LISTENERS_SUBSCRIBED;
}

static void unsubscribe(listeners_t *self, uint64_t peer, text_t text)
{
    listener_t *listener = table_get(self->peers, key_of(&peer));
    prefix_t *prefix = listener ? table_remove(listener->prefixes, text) : NULL;
    if (!prefix)
        return; /* of another one, or of nobody */
    listener->bytes -= prefix->length;
    listener->stranger_bytes -= prefix->stranger ? prefix->length : 0;
    release(self, prefix);
}

listeners_result_t listeners_hear(listeners_t *self, uint64_t peer, const text_t *frames, size_t count,
                                  listeners_refusal_t *refusal)
{
    bool one = count == 1 && frames[0].length > 0;
    text_t prefix = one ? (text_t){frames[0].at + 1, frames[0].length - 1} : TEXT("");
    if (one && frames[0].at[0] == 1)
        return subscribe(self, peer, prefix, refusal);
    if (one && frames[0].at[0] == 0) {
        unsubscribe(self, peer, prefix);
        return LISTENERS_OTHER;
    }
    refuse(refusal, peer, "malformed: it sent what is no subscription");
    return LISTENERS_REFUSED;
}

void listeners_leave(listeners_t *self, uint64_t peer)
{
    listener_t *listener = table_remove(self->peers, key_of(&peer));
    prefix_t *prefix;
    if (!listener)
        return;
    for (size_t at = 0; (prefix = table_each(listener->prefixes, &at));)
        release(self, prefix);
    table_destroy(&listener->prefixes);
    free(listener);
}

size_t listeners_bytes(const listeners_t *self)
{
    return self->bytes;
}

/* Demand may be gone before: it hears nothing of it. */
void listeners_destroy(listeners_t **self_p)
{
    listeners_t *self = *self_p;
    listener_t *listener;
    prefix_t *prefix;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t at = 0; self->peers && (listener = table_each(self->peers, &at));) {
        table_destroy(&listener->prefixes);
        free(listener);
    }
    for (size_t at = 0; self->prefixes && (prefix = table_each(self->prefixes, &at));)
        free(prefix);
    table_destroy(&self->peers);
    table_destroy(&self->prefixes);
    free(self);
}
