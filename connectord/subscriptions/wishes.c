#include "connectord/subscriptions/wishes.h"

#include "common/table.h"

#include <stdlib.h>

struct wishes {
    table_t *by_symbol; /* those below */
    wish_t *wishes;
    size_t count;
};

static bool fill(wishes_t *self, const source_config_t *config)
{
    for (; self->count < config->symbol_count; self->count++) {
        wish_t *wish = &self->wishes[self->count];
        *wish = (wish_t){.symbol = config->symbols[self->count], .wanted = !config->demand};
        wish->backoff = backoff_new(config->backoff, text_hash(wish->symbol));
        if (!table_put(self->by_symbol, wish->symbol, wish))
            return false;
    }
    return true;
}

wishes_t *wishes_new(const source_config_t *config)
{
    wishes_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->by_symbol = table_new();
    self->wishes = calloc(config->symbol_count + 1, sizeof *self->wishes);
    if (!self->by_symbol || !self->wishes || !fill(self, config))
        wishes_destroy(&self);
    return self;
}

void wishes_destroy(wishes_t **self_p)
{
    wishes_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    table_destroy(&self->by_symbol);
    free(self->wishes);
    free(self);
}

void wishes_inherit(wishes_t *self, const wishes_t *former)
{
    for (size_t i = 0; i < self->count; i++) {
        wish_t *wish = &self->wishes[i];
        const wish_t *other = wishes_find(former, wish->symbol);
        if (!other)
            continue;
        text_t symbol = wish->symbol;
        *wish = *other;
        wish->symbol = symbol;
    }
}

wish_t *wishes_find(const wishes_t *self, text_t symbol)
{
    return table_get(self->by_symbol, symbol);
}

wish_t *wishes_at(wishes_t *self, size_t number)
{
    return &self->wishes[number];
}

size_t wishes_number(const wishes_t *self, const wish_t *wish)
{
    return (size_t)(wish - self->wishes);
}

size_t wishes_count(const wishes_t *self)
{
    return self->count;
}

size_t wishes_asked(const wishes_t *self)
{
    size_t asked = 0;
    for (size_t i = 0; i < self->count; i++)
        asked += self->wishes[i].state != WISH_IDLE;
    return asked;
}

size_t wishes_failing(const wishes_t *self)
{
    size_t failing = 0;
    for (size_t i = 0; i < self->count; i++)
        failing += wish_fails(&self->wishes[i]);
    return failing;
}

int64_t wishes_nearest_ns(const wishes_t *self)
{
    int64_t nearest_ns = 0;
    for (size_t i = 0; i < self->count; i++) {
        int64_t release_ns = self->wishes[i].release_ns;
        if (release_ns != 0 && (nearest_ns == 0 || release_ns < nearest_ns))
            nearest_ns = release_ns;
    }
    return nearest_ns;
}

wish_t *wishes_take_due(wishes_t *self, int64_t now_ns)
{
    for (size_t i = 0; i < self->count; i++) {
        wish_t *wish = &self->wishes[i];
        if (wish->release_ns == 0 || wish->release_ns > now_ns)
            continue;
        wish->release_ns = 0;
        wish->wanted = false;
        return wish;
    }
    return NULL;
}

int64_t wishes_due_ns(const wishes_t *self)
{
    int64_t nearest_ns = 0;
    for (size_t i = 0; i < self->count; i++) {
        int64_t due_ns = self->wishes[i].due_ns;
        if (due_ns != 0 && (nearest_ns == 0 || due_ns < nearest_ns))
            nearest_ns = due_ns;
    }
    return nearest_ns;
}
