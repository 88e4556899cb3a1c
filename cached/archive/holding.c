#include "cached/archive/holding.h"

#include <stdlib.h>

#include "common/table.h"

struct holdings {
    table_t *by_topic;
    holding_t **all;
    size_t count, slots;
};

static bool follows(cursor_t place, cursor_t next)
{
    return next.epoch == place.epoch ? next.seq == place.seq + 1 : next.seq == 1;
}

/* What is between the place and `to`. A new epoch begins at 1: what of an older one is missing then is in no journal any more. */
static holding_next_t hole(const holding_t *self, cursor_t to)
{
    holding_next_t next = {.kind = NEXT_JOURNAL, .from = {to.epoch, 1}, .to = to};
    if (to.epoch == self->place.epoch)
        next.from.seq = self->place.seq + 1;
    if (next.from.seq > to.seq)
        next.kind = NEXT_NOTHING;
    return next;
}

/* Up to where to ask the journal for what the tape dropped: into the middle of what the tape has. While the answer is under way the tape drops
 * more, and a place that only came up to its beginning would be behind again, for ever. */
static cursor_t beyond_hole(const tape_t *tape)
{
    cursor_t first = tape_at(tape, tape_first(tape)).cursor;
    cursor_t middle = tape_at(tape, tape_first(tape) + tape_count(tape) / 2).cursor;
    return middle.epoch == first.epoch ? middle : (cursor_t){first.epoch, first.seq - 1};
}

/* A hole between two trades of the tape is none of ours: nobody has what is missing there. But what was before the tape's first one may
 * have been there, and be dropped. */
holding_next_t holding_next(const holding_t *self)
{
    const tape_t *tape = self->tape;
    cursor_t known = tape_known(tape);
    if (cursor_compare(known, self->place) <= 0)
        return (holding_next_t){.kind = NEXT_NOTHING};
    uint64_t number = tape_find(tape, (cursor_t){self->place.epoch, self->place.seq + 1});
    if (tape_count(tape) == 0)
        return hole(self, known);
    if (number == tape_end(tape))
        return (holding_next_t){.kind = NEXT_NOTHING};
    cursor_t cursor = tape_at(tape, number).cursor;
    if (number > tape_first(tape) || follows(self->place, cursor))
        return (holding_next_t){.kind = NEXT_TAPE, .number = number};
    return hole(self, beyond_hole(tape));
}

void holding_move(holding_t *self, cursor_t place)
{
    if (cursor_compare(place, self->place) > 0)
        self->place = place;
    if (holding_next(self).kind == NEXT_NOTHING)
        self->behind_ns = 0;
}

void holding_wait(holding_t *self, const holding_next_t *next, int64_t now_ns)
{
    if (next->kind != NEXT_NOTHING && self->behind_ns == 0)
        self->behind_ns = now_ns;
}

uint64_t holding_lag(const holding_t *self)
{
    if (holding_next(self).kind == NEXT_NOTHING)
        return 0;
    cursor_t known = tape_known(self->tape);
    return known.epoch == self->place.epoch ? known.seq - self->place.seq : known.seq;
}

holdings_t *holdings_new(void)
{
    holdings_t *self = calloc(1, sizeof *self);
    if (self && !(self->by_topic = table_new()))
        holdings_destroy(&self);
    return self;
}

void holdings_destroy(holdings_t **self_p)
{
    holdings_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (size_t i = 0; i < self->count; i++)
        free(self->all[i]);
    free(self->all);
    table_destroy(&self->by_topic);
    free(self);
}

static bool make_room(holdings_t *self)
{
    if (self->count < self->slots)
        return true;
    size_t slots = self->slots ? self->slots * 2 : 64;
    holding_t **all = realloc(self->all, slots * sizeof *all);
    if (!all)
        return false;
    self->all = all;
    self->slots = slots;
    return true;
}

holding_t *holdings_add(holdings_t *self, tape_t *tape)
{
    holding_t *holding = holdings_find(self, tape_topic(tape));
    if (holding || !make_room(self))
        return holding;
    holding = calloc(1, sizeof *holding);
    if (!holding || !table_put(self->by_topic, tape_topic(tape), holding)) {
        free(holding);
        return NULL;
    }
    holding->tape = tape;
    return self->all[self->count++] = holding;
}

holding_t *holdings_find(const holdings_t *self, text_t topic)
{
    return table_get(self->by_topic, topic);
}

size_t holdings_count(const holdings_t *self)
{
    return self->count;
}

holding_t *holdings_at(const holdings_t *self, size_t number)
{
    return self->all[number];
}
