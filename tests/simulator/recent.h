/* The last trades that a connection was given, so that they can be repeated. */
#pragma once

#include "tests/simulator/trade.h"

typedef struct recent recent_t;

/* capacity: how many are kept. NULL when memory runs out. */
recent_t *recent_new(size_t capacity);
void recent_destroy(recent_t **self);

void recent_add(recent_t *self, const trade_t *trade);

size_t recent_count(const recent_t *self);

/* back: 0 is the newest, recent_count - 1 the oldest. */
const trade_t *recent_at(const recent_t *self, size_t back);
