#include "connectord/subscriptions/wanted_symbols.h"

#include "common/table.h"
#include "proto/topic.h"

#include <stdlib.h>

struct wanted_symbols {
    table_t *by_symbol; /* those below */
    symbol_subscription_t *wanted_symbols;
    size_t count;
};

static bool fill(wanted_symbols_t *self, const source_config_t *config)
{
    for (; self->count < config->symbol_count; self->count++) {
        symbol_subscription_t *subscription = &self->wanted_symbols[self->count];
        *subscription = (symbol_subscription_t){.symbol = config->symbols[self->count],
                                                .wanted = !config->demand || subject_is_any(config->symbols[self->count])};
        subscription->backoff = backoff_new(config->backoff, text_hash(subscription->symbol));
        if (!table_put(self->by_symbol, subscription->symbol, subscription))
            return false;
    }
    return true;
}

wanted_symbols_t *wanted_symbols_new(const source_config_t *config)
{
    wanted_symbols_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->by_symbol = table_new();
    self->wanted_symbols = calloc(config->symbol_count + 1, sizeof *self->wanted_symbols);
    if (!self->by_symbol || !self->wanted_symbols || !fill(self, config))
        wanted_symbols_destroy(&self);
    return self;
}

void wanted_symbols_destroy(wanted_symbols_t **self_p)
{
    wanted_symbols_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    table_destroy(&self->by_symbol);
    free(self->wanted_symbols);
    free(self);
}

void wanted_symbols_inherit(wanted_symbols_t *self, const wanted_symbols_t *former)
{
    for (size_t i = 0; i < self->count; i++) {
        symbol_subscription_t *subscription = &self->wanted_symbols[i];
        const symbol_subscription_t *other = wanted_symbols_find(former, subscription->symbol);
        if (!other)
            continue;
        text_t symbol = subscription->symbol;
        *subscription = *other;
        subscription->symbol = symbol;
    }
}

symbol_subscription_t *wanted_symbols_find(const wanted_symbols_t *self, text_t symbol)
{
    return table_get(self->by_symbol, symbol);
}

symbol_subscription_t *wanted_symbols_at(wanted_symbols_t *self, size_t number)
{
    return &self->wanted_symbols[number];
}

size_t wanted_symbols_number(const wanted_symbols_t *self, const symbol_subscription_t *subscription)
{
    return (size_t)(subscription - self->wanted_symbols);
}

size_t wanted_symbols_count(const wanted_symbols_t *self)
{
    return self->count;
}

size_t wanted_symbols_asked(const wanted_symbols_t *self)
{
    size_t asked = 0;
    for (size_t i = 0; i < self->count; i++)
        asked += self->wanted_symbols[i].state != SUBSCRIPTION_IDLE;
    return asked;
}

size_t wanted_symbols_failing(const wanted_symbols_t *self)
{
    size_t failing = 0;
    for (size_t i = 0; i < self->count; i++)
        failing += symbol_subscription_fails(&self->wanted_symbols[i]);
    return failing;
}

int64_t wanted_symbols_nearest_ns(const wanted_symbols_t *self)
{
    int64_t nearest_ns = 0;
    for (size_t i = 0; i < self->count; i++) {
        int64_t release_ns = self->wanted_symbols[i].release_ns;
        if (release_ns != 0 && (nearest_ns == 0 || release_ns < nearest_ns))
            nearest_ns = release_ns;
    }
    return nearest_ns;
}

symbol_subscription_t *wanted_symbols_take_due(wanted_symbols_t *self, int64_t now_ns)
{
    for (size_t i = 0; i < self->count; i++) {
        symbol_subscription_t *subscription = &self->wanted_symbols[i];
        if (subscription->release_ns == 0 || subscription->release_ns > now_ns)
            continue;
        subscription->release_ns = 0;
        subscription->wanted = false;
        return subscription;
    }
    return NULL;
}

int64_t wanted_symbols_due_ns(const wanted_symbols_t *self)
{
    int64_t nearest_ns = 0;
    for (size_t i = 0; i < self->count; i++) {
        int64_t due_ns = self->wanted_symbols[i].due_ns;
        if (due_ns != 0 && (nearest_ns == 0 || due_ns < nearest_ns))
            nearest_ns = due_ns;
    }
    return nearest_ns;
}
