/* The answer to a question for candles: history.md has it. */
#pragma once

#include "cached/archive/rebuild.h"
#include "cached/streams/catalog.h"
#include "proto/request.h"

/* The newest candles that the request wants of a symbol, the streams of its sources joined; oldest first:
 *
 *     {"ok":true,"interval":"1m","candles":[…],"next":"2025-11-10T17:24:00Z"}
 *
 * Fewer where not all fit into `answer`, and "incomplete":true where older ones are still to come. rebuild: NULL when none are. */
void answer_candles(const request_t *request, const catalog_symbol_t *symbol, const rebuild_t *rebuild, buffer_t *answer);
