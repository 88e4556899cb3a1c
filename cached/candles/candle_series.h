/* The candles of one interval of one stream: a bounded number, in the order of time. */
#pragma once

#include "cached/candles/candle.h"

enum { CANDLES_NONE_LOST = -1 };

typedef struct {
    candle_t *slots; /* candle n, from the oldest on, is at (first + n) % capacity */
    size_t first, count, capacity, limit;
    int64_t
        lost_ns; /* of this start and before it candles are not held, or not all that was in them; CANDLES_NONE_LOST: of no start */
} candle_series_t;

/* Holds nothing yet, and never more than `limit`: the oldest go. */
candle_series_t candle_series_new(size_t limit);
void candle_series_release(candle_series_t *self);

/* Adds what `part` has to the candle that starts where `part` does. Without effect at or before lost_ns. O(1) for the newest one, else
 * O(log n) for one that is there, and O(n) for one that is not. False when memory runs out. */
bool candle_series_put(candle_series_t *self, const candle_t *part);

/* Takes over what another one has of the same stream, and none of the same trades; that one is empty then. O(n) of both. False when memory
 * runs out. */
bool candle_series_merge(candle_series_t *self, candle_series_t *other);

/* Candles at and before this start are not held: there have been trades that are not in them. */
void candle_series_lose(candle_series_t *self, int64_t start_ns);

/* n: below count. */
const candle_t *candle_series_at(const candle_series_t *self, size_t n);

/* The number of the oldest candle that starts at `start_ns` or later; count when there is none. */
size_t candle_series_find(const candle_series_t *self, int64_t start_ns);

/* Of memory. */
size_t candle_series_bytes(const candle_series_t *self);
