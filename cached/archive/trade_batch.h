/* Trades on their way between memory and the store: copied, since another thread reads and writes them, into one piece of
 * memory that is reused. */
#pragma once

#include "cached/stores/store.h"
#include "cached/streams/memory_log.h"

enum { TRADE_BATCH_TRADES = 5000, TRADE_BATCH_BYTES = 4 << 20 };

typedef struct {
    store_trade_t *trades; /* TRADE_BATCH_TRADES of them */
    size_t count;
    char *texts; /* TRADE_BATCH_BYTES of what their slices point to */
    size_t length;
} trade_batch_t;

/* NULL when memory runs out. */
trade_batch_t *trade_batch_new(void);
void trade_batch_destroy(trade_batch_t **self);

void trade_batch_clear(trade_batch_t *self);

/* Copies a trade. False when it no longer fits. */
bool trade_batch_add(trade_batch_t *self, const store_trade_t *trade);
