#include "connectord/journal/stream_index.h"

#include <assert.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 64 };

static size_t stream_index_place(const stream_index_t *self, uint64_t seq)
{
    return (size_t)(seq & (self->capacity - 1));
}

void stream_index_release(stream_index_t *self)
{
    free(self->positions);
    *self = stream_index_new();
}

bool stream_index_reserve(stream_index_t *self)
{
    if (self->next - self->first < self->capacity)
        return true;
    stream_index_t former = *self;
    size_t capacity = former.capacity ? former.capacity * 2 : CAPACITY_MIN;
    uint64_t *positions = malloc(capacity * sizeof *positions);
    if (!positions)
        return false;
    self->positions = positions;
    self->capacity = capacity;
    for (uint64_t seq = former.first; seq < former.next; seq++)
        positions[stream_index_place(self, seq)] = former.positions[stream_index_place(&former, seq)];
    free(former.positions);
    return true;
}

void stream_index_push(stream_index_t *self, uint64_t position)
{
    assert(self->next - self->first < self->capacity);
    self->positions[stream_index_place(self, self->next++)] = position;
}

bool stream_index_reach_back(stream_index_t *self, uint64_t first)
{
    assert(first > 0 && first < self->first);
    size_t capacity = CAPACITY_MIN;
    while (capacity <= self->next - first)
        capacity *= 2;
    stream_index_t former = *self;
    uint64_t *positions = calloc(capacity, sizeof *positions);
    if (!positions)
        return false;
    self->positions = positions;
    self->capacity = capacity;
    self->first = first;
    for (uint64_t seq = former.first; seq < former.next; seq++)
        positions[stream_index_place(self, seq)] = former.positions[stream_index_place(&former, seq)];
    free(former.positions);
    return true;
}

void stream_index_fill(stream_index_t *self, uint64_t seq, uint64_t position)
{
    assert(seq >= self->first && seq < self->next);
    self->positions[stream_index_place(self, seq)] = position;
}

bool stream_index_skip(stream_index_t *self, uint64_t seq)
{
    if (seq <= self->next)
        return true;
    if (self->first == self->next || seq - self->next > STREAM_HOLE_MAX) {
        self->first = self->next = seq;
        return true;
    }
    while (self->next < seq) {
        if (!stream_index_reserve(self))
            return false;
        stream_index_push(self, 0);
    }
    return true;
}

void stream_index_drop_below(stream_index_t *self, uint64_t position)
{
    while (self->first < self->next && self->positions[stream_index_place(self, self->first)] < position)
        self->first++;
}

uint64_t stream_index_at(const stream_index_t *self, uint64_t seq)
{
    if (seq < self->first || seq >= self->next)
        return 0;
    return self->positions[stream_index_place(self, seq)];
}
