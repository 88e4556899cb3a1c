#include "connectord/backfill/held_trades.h"

#include "common/array.h"

#include <assert.h>
#include <stdlib.h>

void held_trades_release(held_trades_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->trades[self->first + i].json);
    free(self->trades);
    *self = (held_trades_t){0};
}

/* What was taken out in front makes room. */
static bool make_room(held_trades_t *self)
{
    if (self->first > 0 && self->first + self->count == self->room) {
        memmove(self->trades, self->trades + self->first, self->count * sizeof *self->trades);
        self->first = 0;
    }
    return ARRAY_RESERVE(&self->trades, &self->room, self->first + self->count + 1, ARRAY_UNBOUNDED);
}

/* Where the id stands, or would stand: most come in order, so the end is looked at first. */
static size_t place_of(const held_trades_t *self, uint64_t id)
{
    const held_trade_t *trades = self->trades + self->first;
    size_t low = 0, high = self->count;
    if (high == 0 || trades[high - 1].id < id)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (trades[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

held_verdict_t held_trades_add(held_trades_t *self, const trade_t *trade, uint64_t id, bool asked)
{
    char json[TRADE_MAX];
    size_t place = place_of(self, id);
    if (place < self->count && self->trades[self->first + place].id == id)
        return HELD_TWICE;
    held_trade_t held = {.id = id, .asked = asked, .length = trade_print(json, trade)};
    if (!make_room(self) || !(held.json = malloc(held.length)))
        return HELD_NO_MEMORY;
    memcpy(held.json, json, held.length);
    held_trade_t *at = &self->trades[self->first + place];
    memmove(at + 1, at, (self->count - place) * sizeof *at);
    *at = held;
    self->count++;
    return HELD_TAKEN;
}

uint64_t held_trades_first(const held_trades_t *self)
{
    return self->count > 0 ? self->trades[self->first].id : UINT64_MAX;
}

static void read_trade(const held_trade_t *held, trade_t *trade)
{
    *trade = (trade_t){0};
    bool parsed = trade_parse((text_t){held->json, held->length}, trade);
    assert(parsed);
    (void)parsed;
}

held_trade_t held_trades_take(held_trades_t *self, trade_t *trade)
{
    assert(self->count > 0);
    held_trade_t held = self->trades[self->first++];
    read_trade(&held, trade);
    if (--self->count == 0)
        self->first = 0;
    return held;
}

bool held_trades_find(const held_trades_t *self, uint64_t id, trade_t *trade)
{
    size_t place = place_of(self, id);
    bool found = place < self->count && self->trades[self->first + place].id == id;
    if (found)
        read_trade(&self->trades[self->first + place], trade);
    return found;
}
