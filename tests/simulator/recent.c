#include "tests/simulator/recent.h"

#include <stdlib.h>

struct sim_recent {
    size_t capacity;
    uint64_t added;
    sim_trade_t trades[];
};

sim_recent_t *recent_new(size_t capacity)
{
    sim_recent_t *self = malloc(sizeof *self + capacity * sizeof self->trades[0]);
    if (self) {
        self->capacity = capacity;
        self->added = 0;
    }
    return self;
}

void recent_destroy(sim_recent_t **self)
{
    free(*self);
    *self = NULL;
}

void recent_add(sim_recent_t *self, const sim_trade_t *trade)
{
    memcpy(&self->trades[self->added++ % self->capacity], trade, offsetof(sim_trade_t, text) + trade->length);
}

size_t recent_count(const sim_recent_t *self)
{
    return self->added < self->capacity ? (size_t)self->added : self->capacity;
}

const sim_trade_t *recent_at(const sim_recent_t *self, size_t back)
{
    assert(back < recent_count(self));
    return &self->trades[(self->added - 1 - back) % self->capacity];
}
