/* The last trades that a connection was given, so that they can be repeated. */
#pragma once

#include "tests/simulator/trade.h"

typedef struct sim_recent sim_recent_t;

/* capacity: how many are kept. NULL when memory runs out. */
sim_recent_t *recent_new(size_t capacity);
void recent_destroy(sim_recent_t **self);

void recent_add(sim_recent_t *self, const sim_trade_t *trade);

size_t recent_count(const sim_recent_t *self);

/* back: 0 is the newest, recent_count - 1 the oldest. */
const sim_trade_t *recent_at(const sim_recent_t *self, size_t back);
