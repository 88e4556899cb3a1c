/* Trades on their way between memory and the store: copied, since they are read and written by another thread, into one piece of
 * memory that is used again and again. */
#pragma once

#include "cached/stores/store.h"
#include "cached/streams/tape.h"

enum { PARCEL_TRADES = 5000, PARCEL_BYTES = 4 << 20 };

typedef struct {
    store_trade_t *trades; /* PARCEL_TRADES of them */
    size_t count;
    char *texts; /* PARCEL_BYTES of what their slices point to */
    size_t length;
} parcel_t;

/* NULL when memory runs out. */
parcel_t *parcel_new(void);
void parcel_destroy(parcel_t **self);

void parcel_clear(parcel_t *self);

/* Copies a trade. False when it does not fit in any more. */
bool parcel_add(parcel_t *self, const store_trade_t *trade);
