/* What Binance can be asked about the past: /api/v3/historicalTrades and /api/v3/klines.
 *
 *     [{"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.000012","time":1499865549590,"isBuyerMaker":true,"isBestMatch":true},…]
 *     [[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499040059999,"2434.19055334",308,…],…]
 *
 * A candle's are: its start, four prices, the volume, its end, the volume in the quote's currency, how many trades. Times are ms since 1970, or µs, which are asked for. A page
 * weighs 25, of 6,000 a minute from an address; some room is left for others.
 */
#pragma once

#include "connectord/connectors/past.h"

extern const past_t binance_past;
