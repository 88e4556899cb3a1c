#include "cached/archive/stored_place.h"

#include <stdlib.h>

#include "common/array.h"
#include "common/table.h"

struct stored_places {
    table_t *by_topic;
    stored_place_t **all;
    size_t count, room;
};

static bool follows(cursor_t place, cursor_t next)
{
    return next.epoch == place.epoch ? next.seq == place.seq + 1 : next.seq == 1;
}

/* What is between the place and `to`. A new epoch begins at 1: what is missing of an older one is no longer in any journal. */
static stored_place_next_t hole(const stored_place_t *self, cursor_t to)
{
    stored_place_next_t next = {.kind = NEXT_JOURNAL, .from = {to.epoch, 1}, .to = to};
    if (to.epoch == self->place.epoch)
        next.from.seq = self->place.seq + 1;
    if (next.from.seq > to.seq)
        next.kind = NEXT_NOTHING;
    return next;
}

/* Up to where to ask the journal for what the memory log dropped: into the middle of what the memory log has. While the
 * answer is under way the memory log drops more, and a place that only came up to its beginning would be behind again, for
 * ever. */
static cursor_t beyond_hole(const memory_log_t *memory_log)
{
    cursor_t first = memory_log_at(memory_log, memory_log_first(memory_log)).cursor;
    cursor_t middle = memory_log_at(memory_log, memory_log_first(memory_log) + memory_log_count(memory_log) / 2).cursor;
    return middle.epoch == first.epoch ? middle : (cursor_t){first.epoch, first.seq - 1};
}

/* A gap between two trades of the memory log does not concern us: nobody has what is missing there. But what was before the
 * memory log's first one may have been there, and be dropped. */
stored_place_next_t stored_place_next(const stored_place_t *self)
{
    const memory_log_t *memory_log = self->memory_log;
    cursor_t known = memory_log_known(memory_log);
    if (cursor_compare(known, self->place) <= 0)
        return (stored_place_next_t){.kind = NEXT_NOTHING};
    uint64_t number = memory_log_find(memory_log, (cursor_t){self->place.epoch, self->place.seq + 1});
    if (memory_log_count(memory_log) == 0)
        return hole(self, known);
    if (number == memory_log_end(memory_log))
        return (stored_place_next_t){.kind = NEXT_NOTHING};
    cursor_t cursor = memory_log_at(memory_log, number).cursor;
    if (number > memory_log_first(memory_log) || follows(self->place, cursor))
        return (stored_place_next_t){.kind = NEXT_MEMORY_LOG, .number = number};
    return hole(self, beyond_hole(memory_log));
}

void stored_place_move(stored_place_t *self, cursor_t place)
{
    if (cursor_compare(place, self->place) > 0)
        self->place = place;
    if (stored_place_next(self).kind == NEXT_NOTHING)
        self->behind_ns = 0;
}

void stored_place_wait(stored_place_t *self, const stored_place_next_t *next, int64_t now_ns)
{
    if (next->kind != NEXT_NOTHING && self->behind_ns == 0)
        self->behind_ns = now_ns;
}

uint64_t stored_place_lag(const stored_place_t *self)
{
    if (stored_place_next(self).kind == NEXT_NOTHING)
        return 0;
    cursor_t known = memory_log_known(self->memory_log);
    return known.epoch == self->place.epoch ? known.seq - self->place.seq : known.seq;
}

stored_places_t *stored_places_new(void)
{
    stored_places_t *self = calloc(1, sizeof *self);
    if (self && !(self->by_topic = table_new()))
        stored_places_destroy(&self);
    return self;
}

void stored_places_destroy(stored_places_t **self_p)
{
    stored_places_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        free(self->all[i]);
    free(self->all);
    table_destroy(&self->by_topic);
    free(self);
}

stored_place_t *stored_places_add(stored_places_t *self, memory_log_t *memory_log)
{
    stored_place_t *stored_place = stored_places_find(self, memory_log_topic(memory_log));
    if (stored_place || !ARRAY_RESERVE(&self->all, &self->room, self->count + 1, ARRAY_UNBOUNDED))
        return stored_place;
    stored_place = calloc(1, sizeof *stored_place);
    if (!stored_place || !table_put(self->by_topic, memory_log_topic(memory_log), stored_place)) {
        free(stored_place);
        return NULL;
    }
    stored_place->memory_log = memory_log;
    return self->all[self->count++] = stored_place;
}

stored_place_t *stored_places_find(const stored_places_t *self, text_t topic)
{
    return table_get(self->by_topic, topic);
}

size_t stored_places_count(const stored_places_t *self)
{
    return self->count;
}

stored_place_t *stored_places_at(const stored_places_t *self, size_t number)
{
    return self->all[number];
}
