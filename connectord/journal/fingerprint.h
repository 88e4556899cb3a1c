/* A trade without its id and symbol, in 64 bits: its time, side, price and quantity.
 *
 * All four by value: 8.5E-5 is 0.0000850, and 17:24:33.5Z is 18:24:33.500+01:00. An exchange that repeats a trade may well write
 * it in another way (its snapshot, another line, a new recording); by text the repeat would be another trade, and doubled.
 * Two trades that agree by value say the same.
 *
 * One pair in 2^64 of trades that differ has the same fingerprint. It matters only between trades with one id.
 */
#pragma once

#include "proto/trade.h"

/* Of a valid trade whose timestamp_ns is set. Some 40 ns, no allocation. */
uint64_t fingerprint(const trade_t *trade);

/* The same without the time: of exchanges whose ids tell the trades of a symbol apart, and whose feed and answers write the time differently. */
uint64_t fingerprint_timeless(const trade_t *trade);
