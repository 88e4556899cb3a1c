/* The candles of one stream, of every interval.
 *
 * A trade is added to the second that it belongs to, and only there. When a trade of another second comes, what the second has come to
 * is merged into the series of seconds and handed on to its minute, that in its turn to its five minutes, and so on, so that a
 * busy stream pays for one candle a trade, not for six:
 *
 *     trade ─▶ [second so far] ─▶ [minute so far] ─▶ … ─▶ [day so far]
 *                     │                  │                      │
 *                  seconds            minutes                 days       candle_series.h
 *
 * Trades that come late are no special case: they begin another "so far", which is merged into the candle that is there. Timestamps
 * need not be in order, and the outcome does not depend on the order. So many candles are held, counting those with a trade:
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

/* A trade, once; price and qty: decimal_valid. Allocates nothing but when there are more candles than ever before. False when memory
 * runs out. */
bool candles_add(candles_t *self, candle_place_t place, text_t price, text_t qty);

/* Takes over what another one has of the same stream, and none of the same trades; that one is empty then. False when memory runs out. */
bool candles_merge(candles_t *self, candles_t *other);

/* The least cursor of the trades that were added; {0, 0}: there was none. */
cursor_t candles_from(const candles_t *self);

/* There are older trades, whose candles will be merged. Without effect after candles_clear: what is forgotten stays so. */
void candles_expect_older(candles_t *self);
bool candles_older_to_come(const candles_t *self);
void candles_older_came(candles_t *self);

/* Complete up to the last trade. Valid until the next call. */
const candle_series_t *candles_series(candles_t *self, interval_t interval);

/* Forgets them all; nothing older is to come. */
void candles_clear(candles_t *self);

/* Of memory. */
size_t candles_bytes(const candles_t *self);
