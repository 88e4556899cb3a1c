/* The candles of one stream, of every interval.
 *
 * A trade is added only to the second it belongs to. When a trade of another second comes, the finished second
 * is merged into the series of seconds and passed on to its minute, that in turn to its five minutes, and so on, so a
 * busy stream pays for one candle a trade, not for six:
 *
 *     trade ─▶ [second so far] ─▶ [minute so far] ─▶ … ─▶ [day so far]
 *                     │                  │                      │
 *                  seconds            minutes                 days       candle_series.h
 *
 * Late trades are no special case: they start another "so far", which is merged into the existing candle. Timestamps
 * need not be in order, and the result does not depend on it. The numbers of candles held, counting those with a trade:
 *
 *     1s 3,600    1m 10,080    5m 8,640    15m 8,640    1h 8,760    1d 3,650
 */
#pragma once

#include "cached/candles/candle_series.h"
#include "proto/interval.h"

typedef struct candles candles_t;

/* NULL when memory runs out. */
candles_t *candles_new(void);
void candles_destroy(candles_t **self);

/* Adds a trade, once; price and qty: decimal_valid. Allocates only when there are more candles than ever before. False when memory
 * runs out. */
bool candles_add(candles_t *self, candle_place_t place, text_t price, text_t qty);

/* Takes over those of another one of the same stream, without common trades; that one is empty then. False when memory runs out. */
bool candles_merge(candles_t *self, candles_t *other);

/* The least cursor of the trades added; {0, 0}: none yet. */
cursor_t candles_from(const candles_t *self);

/* There are older trades, whose candles will be merged. Without effect after candles_clear: what is cleared stays cleared. */
void candles_expect_older(candles_t *self);
bool candles_older_to_come(const candles_t *self);
void candles_older_came(candles_t *self);

/* Complete up to the last trade. Valid until the next call. */
const candle_series_t *candles_series(candles_t *self, interval_t interval);

/* Clears all; nothing older will come. */
void candles_clear(candles_t *self);

/* Of memory. */
size_t candles_bytes(const candles_t *self);
