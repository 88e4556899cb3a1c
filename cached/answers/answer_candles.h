/* The answer to a query for candles, as in history.md. */
#pragma once

#include "cached/archive/rebuild.h"
#include "cached/streams/catalog.h"
#include "proto/request.h"

/* The newest candles that a request asks for, merged from the streams of the symbol's sources; oldest first:
 *
 *     {"ok":true,"interval":"1m","candles":[…],"next":"2025-11-10T17:24:00Z"}
 *
 * Fewer if not all fit into `answer`, and "incomplete":true while older ones are still to come. rebuild: NULL if none are. */
void answer_candles(const request_t *request, const catalog_symbol_t *symbol, const rebuild_t *rebuild, buffer_t *answer);
