/* What Kraken can be asked about the past over its REST API (docs.kraken.com/api).
 *
 *     GET /0/public/Trades?pair=XBTUSD&since=1762795433971743000&count=1000
 *     {"error":[],"result":{"XXBTZUSD":[["105433.60000","0.00027625",1762795433.9717445,"b","l","",10218208],…],"last":"1762820035982277754"}}
 *     GET /0/public/OHLC?pair=XBTUSD&interval=1&since=1762777020
 *     {"error":[],"result":{"XXBTZUSD":[[1762777080,"106038.2",…,"0.00000000",0],…],"last":1762820160}}
 *
 * Pages begin at a time, not behind an id: the trade that is asked behind comes once more. Times are cut to microseconds, which its WebSocket tells. Rows
 * of the years without ids are left out. Of candles it has the last 720 minutes alone; a minute without trades is one of nothing; the last one is still
 * going on and is not reported.
 */
#pragma once

#include "connectord/connectors/past.h"

extern const past_t kraken_past;
