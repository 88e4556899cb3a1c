/* Trades of a symbol that have come, but wait for others to come before them; in the order of their ids. Bounded by whoever holds them. */
#pragma once

#include "proto/trade.h"

typedef struct {
    uint64_t id;
    size_t length;
    bool asked; /* it did not come over the feed */
    char *json; /* owned: the trade as it is printed, without a cursor */
} held_trade_t;

typedef struct {
    held_trade_t *trades; /* owned */
    size_t first, count, room;
} held_trades_t;

typedef enum { HELD_TAKEN, HELD_TWICE /* one with the id is held */, HELD_NO_MEMORY } held_verdict_t;

void held_trades_release(held_trades_t *self);

/* Holds a copy of a valid trade. */
held_verdict_t held_trades_add(held_trades_t *self, const trade_t *trade, uint64_t id, bool asked);

static inline size_t held_trades_count(const held_trades_t *self)
{
    return self->count;
}

/* The lowest id held; UINT64_MAX: none is. */
uint64_t held_trades_first(const held_trades_t *self);

/* Takes out the first one, of which there must be one (asserted). The trade's slices point into its json, which is the caller's, who frees it. */
held_trade_t held_trades_take(held_trades_t *self, trade_t *trade);

/* The trade with the id, to look at; false: it is not held. Valid until the next add or take. */
bool held_trades_find(const held_trades_t *self, uint64_t id, trade_t *trade);
