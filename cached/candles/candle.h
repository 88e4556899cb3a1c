/* One candle: the sum of the trades of a span of time. All numbers are exact.
 *
 * Trades may be added in any order, and candles merged in any order, with the same result. Open and close are the first and the
 * last trade by timestamp, then by cursor; of highs (and lows) that are equal but written differently it is the
 * shortest text, and of those the first in byte order.
 */
#pragma once

#include "cached/candles/price.h"
#include "common/numbers/exact.h"
#include "proto/cursor.h"

typedef struct {
    int64_t timestamp_ns;
    cursor_t cursor;
} candle_place_t;

typedef struct {
    int64_t start_ns; /* the owner's */
    uint64_t count;   /* 0: the rest is unset */
    candle_place_t first, last;
    price_t open, high, low, close;
    exact_t volume;   /* sum of quantities */
    exact_t turnover; /* sum of price times quantity */
} candle_t;           /* all zero: no trade */

/* decimal_valid texts. False when memory runs out. */
bool candle_add(candle_t *self, candle_place_t place, text_t price, text_t qty);

/* Adds another one of the same stream, without common trades. False when memory runs out. */
bool candle_merge(candle_t *self, const candle_t *other);

/* The same from another stream, whose trades come after this one's within one timestamp. */
bool candle_join(candle_t *self, const candle_t *other);

/* {"start":"2025-11-10T17:24:00Z","open":…,"high":…,"low":…,"close":…,"volume":…,"count":…,"vwap":…: of one that has a trade. The caller puts other members, and
 * closes the object. */
void candle_print(const candle_t *self, json_writer_t *json);

/* It has no trade then. */
void candle_release(candle_t *self);
