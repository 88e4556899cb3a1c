#include "cached/archive/packer.h"

bool packer_open(packer_t *self, stored_places_t *stored_places)
{
    *self = (packer_t){.stored_places = stored_places, .batch = stored_places ? trade_batch_new() : NULL};
    return self->batch != NULL;
}

void packer_close(packer_t *self)
{
    trade_batch_destroy(&self->batch);
}

/* False: the batch is full. */
static bool pack_memory_log(packer_t *self, const memory_log_t *memory_log, uint64_t number)
{
    for (; number < memory_log_end(memory_log); number++) {
        memory_log_trade_t trade = memory_log_at(memory_log, number);
        if (!trade_batch_add(self->batch,
                             &(store_trade_t){memory_log_topic(memory_log), trade.cursor, trade.timestamp_ns, trade.json}))
            return false;
    }
    return true;
}

bool packer_pack(packer_t *self, int64_t now_ns, packer_hole_fn *hole, void *arg)
{
    size_t count = stored_places_count(self->stored_places);
    size_t first = self->turn;
    trade_batch_clear(self->batch);
    self->packed_ns = now_ns;
    self->full = false;
    for (size_t i = 0; i < count && !self->full; i++) {
        self->turn = (first + i) % count;
        stored_place_t *stored_place = stored_places_at(self->stored_places, self->turn);
        stored_place_next_t next = stored_place_next(stored_place);
        stored_place_wait(stored_place, &next, now_ns);
        if (next.kind == NEXT_MEMORY_LOG)
            self->full = !pack_memory_log(self, stored_place->memory_log, next.number);
        else if (next.kind == NEXT_JOURNAL)
            hole(arg, stored_place, &next);
    }
    return self->batch->count > 0;
}

/* `count` trades of one stream, the last of which is here, have been stored. */
static void note(packer_t *self, const store_trade_t *last, size_t count, bool all)
{
    stored_place_t *stored_place = stored_places_find(self->stored_places, last->topic);
    stored_place_move(stored_place, last->cursor);
    stored_place->trades += count;
    if (all && stored_place->behind_ns != 0)
        stored_place->behind_ns = self->packed_ns; /* what is waiting now has come since */
}

void packer_stored(packer_t *self)
{
    const trade_batch_t *batch = self->batch;
    size_t first = 0;
    for (size_t i = 0; i < batch->count; i++) {
        bool end = i + 1 == batch->count;
        if (!end && text_equal(batch->trades[i].topic, batch->trades[i + 1].topic))
            continue;
        note(self, &batch->trades[i], i + 1 - first, !end || !self->full);
        first = i + 1;
    }
}
