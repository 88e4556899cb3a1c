/* The candles of one interval of one stream: a bounded number, in the order of time. */
#pragma once

#include "cached/candles/candle.h"

enum { CANDLES_NONE_LOST = -1 };

typedef struct {
    candle_t *slots; /* candle n, from the oldest on, is at (first + n) % capacity */
    size_t first, count, capacity, limit;
    int64_t lost_ns; /* candles with this start and before are not held, or incomplete; CANDLES_NONE_LOST: all are held */
} candle_series_t;

/* Empty at first, and never more than `limit`: the oldest go. */
candle_series_t candle_series_new(size_t limit);
void candle_series_release(candle_series_t *self);

/* Adds `part` to the candle with the same start. Without effect at or before lost_ns. O(1) for the newest one, else
 * O(log n) for an existing one, and O(n) for a new one. False when memory runs out. */
bool candle_series_put(candle_series_t *self, const candle_t *part);

/* Takes over those of another one of the same stream, without common trades; that one is empty then. O(n) of both. False when memory
 * runs out. */
bool candle_series_merge(candle_series_t *self, candle_series_t *other);

/* n: below count. */
const candle_t *candle_series_at(const candle_series_t *self, size_t n);

/* The number of the oldest candle that starts at `start_ns` or later; count when there is none. */
size_t candle_series_find(const candle_series_t *self, int64_t start_ns);

/* Of memory. */
size_t candle_series_bytes(const candle_series_t *self);
