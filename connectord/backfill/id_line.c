#include "connectord/backfill/id_line.h"

#include "common/array.h"

#include <stdlib.h>
#include <string.h>

void id_line_release(id_line_t *self)
{
    free(self->missing);
    *self = (id_line_t){0};
}

/* The number of the first range that ends behind the id. */
static size_t range_at(const id_line_t *self, uint64_t id)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->missing[middle].to <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_missing(const id_line_t *self, uint64_t id)
{
    size_t at = range_at(self, id);
    return at < self->count && self->missing[at].from <= id;
}

id_place_t id_line_look(const id_line_t *self, uint64_t id)
{
    if (self->next == 0)
        return ID_FIRST;
    if (id == self->next)
        return ID_NEXT;
    if (id > self->next)
        return ID_AHEAD;
    return self->count > 0 && is_missing(self, id) ? ID_MISSING : ID_KNOWN;
}

static bool insert(id_line_t *self, size_t at, id_range_t range)
{
    if (self->count >= ID_RANGES_MAX || !ARRAY_RESERVE(&self->missing, &self->room, self->count + 1, ARRAY_UNBOUNDED))
        return false;
    memmove(&self->missing[at + 1], &self->missing[at], (self->count - at) * sizeof *self->missing);
    self->missing[at] = range;
    self->count++;
    return true;
}

static void erase(id_line_t *self, size_t at)
{
    self->count--;
    memmove(&self->missing[at], &self->missing[at + 1], (self->count - at) * sizeof *self->missing);
}

/* What is left of the range at that place without [from, to), the last of which was made at time_ns. */
static void cut(id_line_t *self, size_t at, uint64_t from, uint64_t to, int64_t time_ns)
{
    id_range_t *range = &self->missing[at];
    if (from <= range->from && to >= range->to)
        erase(self, at);
    else if (from <= range->from)
        *range = (id_range_t){to, range->to, time_ns};
    else if (to >= range->to)
        range->to = from;
    else if (insert(self, at + 1, (id_range_t){to, range->to, time_ns}))
        self->missing[at].to = from;
}

/* With too many ranges the last one grows over what has come since. */
static void miss(id_line_t *self, id_range_t range)
{
    if (!insert(self, self->count, range) && self->count > 0)
        self->missing[self->count - 1].to = range.to;
}

void id_line_take(id_line_t *self, uint64_t id, int64_t time_ns)
{
    switch (id_line_look(self, id)) {
    case ID_AHEAD:
        miss(self, (id_range_t){self->next, id, self->last_ns});
        /* fall through */
    case ID_FIRST:
    case ID_NEXT:
        self->next = id + 1;
        self->last_ns = time_ns;
        break;
    case ID_MISSING:
        cut(self, range_at(self, id), id, id + 1, time_ns);
        break;
    case ID_KNOWN:
        break;
    }
}

void id_line_drop(id_line_t *self, id_range_t range)
{
    if (range.from >= range.to)
        return;
    for (size_t at = range_at(self, range.from); at < self->count && self->missing[at].from < range.to;) {
        size_t before = self->count;
        cut(self, at, range.from, range.to, self->missing[at].before_ns);
        at += self->count >= before; /* it has been shortened */
    }
    if (range.from <= self->next && range.to > self->next)
        self->next = range.to;
}

uint64_t id_line_missing_in(const id_line_t *self, id_range_t range)
{
    uint64_t sum = 0;
    for (size_t i = range_at(self, range.from); i < self->count && self->missing[i].from < range.to; i++) {
        uint64_t from = self->missing[i].from > range.from ? self->missing[i].from : range.from;
        sum += (self->missing[i].to < range.to ? self->missing[i].to : range.to) - from;
    }
    return sum;
}

uint64_t id_line_missing(const id_line_t *self)
{
    return id_line_missing_in(self, (id_range_t){.to = UINT64_MAX});
}
