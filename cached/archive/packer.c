#include "cached/archive/packer.h"

bool packer_open(packer_t *self, holdings_t *holdings)
{
    *self = (packer_t){.holdings = holdings, .parcel = holdings ? parcel_new() : NULL};
    return self->parcel != NULL;
}

void packer_close(packer_t *self)
{
    parcel_destroy(&self->parcel);
}

/* False: the batch is full. */
static bool pack_tape(packer_t *self, const tape_t *tape, uint64_t number)
{
    for (; number < tape_end(tape); number++) {
        tape_trade_t trade = tape_at(tape, number);
        if (!parcel_add(self->parcel, &(store_trade_t){tape_topic(tape), trade.cursor, trade.timestamp_ns, trade.json}))
            return false;
    }
    return true;
}

bool packer_pack(packer_t *self, int64_t now_ns, packer_hole_fn *hole, void *arg)
{
    size_t count = holdings_count(self->holdings);
    size_t first = self->turn;
    parcel_clear(self->parcel);
    self->packed_ns = now_ns;
    self->full = false;
    for (size_t i = 0; i < count && !self->full; i++) {
        self->turn = (first + i) % count;
        holding_t *holding = holdings_at(self->holdings, self->turn);
        holding_next_t next = holding_next(holding);
        holding_wait(holding, &next, now_ns);
        if (next.kind == NEXT_TAPE)
            self->full = !pack_tape(self, holding->tape, next.number);
        else if (next.kind == NEXT_JOURNAL)
            hole(arg, holding, &next);
    }
    return self->parcel->count > 0;
}

/* `count` trades of one stream, the last of which is here, have been stored. */
static void note(packer_t *self, const store_trade_t *last, size_t count, bool all)
{
    holding_t *holding = holdings_find(self->holdings, last->topic);
    holding_move(holding, last->cursor);
    holding->trades += count;
    if (all && holding->behind_ns != 0)
        holding->behind_ns = self->packed_ns; /* what is waiting now has come since */
}

void packer_stored(packer_t *self)
{
    const parcel_t *parcel = self->parcel;
    size_t first = 0;
    for (size_t i = 0; i < parcel->count; i++) {
        bool end = i + 1 == parcel->count;
        if (!end && text_equal(parcel->trades[i].topic, parcel->trades[i + 1].topic))
            continue;
        note(self, &parcel->trades[i], i + 1 - first, !end || !self->full);
        first = i + 1;
    }
}
