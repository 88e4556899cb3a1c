/* The tests that stand in a mapping: what it makes of a message, said by who wrote it and checked by the code that runs live.
 *
 *     "tests": [{"message": {…}, "records": [{"symbol": "BTC-USDT", "price": "30105.5", "side": "buy"}]},
 *               {"message": {"event": "pong"}, "records": []},
 *               {"message": {…}, "symbols": {"tBTCUSD": "BTC-USD"}, "fault": "price (/px): missing"}]
 *
 * Of a record only the members that are named are compared, each by its text. `symbols`: what the source's spellings mean, where the mapping leaves
 * that to the source; others are taken as they are.
 */
#pragma once

#include "connectord/mapping/mapping.h"

/* mapping_new, and all tests in it. NULL with which one failed, what was expected and what was found. */
mapping_t *mapping_load(text_t json, char error[static MAPPING_ERROR_MAX]);
