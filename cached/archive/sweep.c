#include "cached/archive/sweep.h"

#include <stdlib.h>

#include "common/clock.h"
#include "proto/topic.h"

/* What the thread is to do. */
typedef struct {
    kept_topic_t topic;
    uint64_t keep;
    int64_t before_ns;
    int64_t age_ns; /* of every stream */
    uint64_t dropped;
} sweep_order_t;

struct sweep {
    const stored_places_t *stored_places;
    store_writer_t *writer;
    const retention_t *rules; /* NULL: none */
    size_t at;                /* the stream that is looked at */
    int64_t due_ns;           /* when the next round begins */
    bool sweeping;            /* within a round */
    bool expired;             /* its first step is done: the age that no trade outlives was told */
    sweep_order_t order;      /* the thread's while the writer is at work on it */
    uint64_t dropped;
    void (*stepped)(void *arg, store_result_t result);
    void *arg;
};

sweep_t *sweep_new(const stored_places_t *stored_places, store_writer_t *writer)
{
    sweep_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->stored_places = stored_places;
    self->writer = writer;
    return self;
}

void sweep_destroy(sweep_t **self)
{
    free(*self);
    *self = NULL;
}

void sweep_retain(sweep_t *self, const retention_t *rules)
{
    self->rules = rules;
    self->due_ns = 0;
}

/* False when the rules keep all that there is of the stream. */
static bool give_order(sweep_t *self, const stored_place_t *stored_place)
{
    text_t topic = memory_log_topic(stored_place->memory_log), symbol, source;
    if (stored_place->trades == 0 || !topic_parse(topic, &symbol, &source))
        return false;
    retention_rule_t rule = retention_of(self->rules, symbol);
    if (rule.age_ns == 0 && (rule.trades == 0 || rule.trades >= stored_place->trades))
        return false;
    self->order = (sweep_order_t){.keep = UINT64_MAX, .before_ns = INT64_MIN};
    KEEP_TEXT(&self->order.topic, topic);
    if (rule.trades > 0)
        self->order.keep = rule.trades;
    if (rule.age_ns > 0)
        self->order.before_ns = clock_real_ns() - rule.age_ns;
    return true;
}

/* Records of coverage may be of any age. */
static bool stores_coverage(const sweep_t *self)
{
    for (size_t i = 0; i < stored_places_count(self->stored_places); i++)
        if (memory_log_coverage(stored_places_at(self->stored_places, i)->memory_log))
            return true;
    return false;
}

static store_result_t drop(void *arg, const store_kind_t *kind, void *store, char *error)
{
    sweep_order_t *order = &((sweep_t *)arg)->order;
    return kind->write.retain(store, KEPT_TEXT(&order->topic), order->keep, order->before_ns, &order->dropped, error);
}

static store_result_t expire(void *arg, const store_kind_t *kind, void *store, char *error)
{
    return kind->write.expire(store, ((sweep_t *)arg)->order.age_ns, error);
}

static void on_expired(void *arg, store_result_t result)
{
    sweep_t *self = arg;
    self->stepped(self->arg, result);
}

static void on_dropped(void *arg, store_result_t result)
{
    sweep_t *self = arg;
    stored_place_t *stored_place = stored_places_at(self->stored_places, self->at);
    uint64_t dropped = result == STORE_OK ? self->order.dropped : 0;
    self->dropped += dropped;
    stored_place->trades -= dropped < stored_place->trades ? dropped : stored_place->trades;
    if (dropped == 0)
        self->at++; /* else there may be more */
    self->stepped(self->arg, result);
}

static bool due(sweep_t *self)
{
    if (self->sweeping || !self->rules)
        return self->rules;
    int64_t now_ns = clock_mono_ns();
    if (now_ns < self->due_ns)
        return false;
    self->due_ns = now_ns + SWEEP_PERIOD_MS * NS_PER_MS;
    self->sweeping = true;
    self->expired = false;
    self->at = 0;
    return true;
}

bool sweep_step(sweep_t *self, void (*stepped)(void *arg, store_result_t result), void *arg)
{
    if (!due(self))
        return false;
    self->stepped = stepped;
    self->arg = arg;
    if (!self->expired) {
        self->expired = true;
        self->order = (sweep_order_t){.age_ns = stores_coverage(self) ? 0 : retention_longest(self->rules)};
        store_writer_look(self->writer, expire, on_expired, self);
        return true;
    }
    for (; self->at < stored_places_count(self->stored_places); self->at++) {
        if (!give_order(self, stored_places_at(self->stored_places, self->at)))
            continue;
        store_writer_run(self->writer, drop, on_dropped, self);
        return true;
    }
    self->sweeping = false;
    return false;
}

uint64_t sweep_dropped(const sweep_t *self)
{
    return self->dropped;
}
