/* The answer to a query for candles, as in history.md. */
#pragma once

#include "cached/archive/rebuild.h"
#include "cached/streams/catalog.h"
#include "proto/request.h"

/* What is needed beside the candles: whether they are whole, and complete. */
typedef struct {
    const catalog_t *catalog;
    const rebuild_t *rebuild; /* NULL: no older ones are to come */
    int64_t now_ns;           /* since 1970 */
} candle_facts_t;

/* The newest candles that a request asks for, merged from the streams of the symbol's sources; oldest first:
 *
 *     {"ok":true,"interval":"1m","candles":[…],"next":"2025-11-10T17:24:00Z"}
 *
 * Each with "complete":true if its interval has ended and every source of it has all trades, as its coverage says. Fewer if not all fit into `answer`, and
 * "incomplete":true while older ones are still to come. */
void answer_candles(const request_t *request, const catalog_symbol_t *symbol, const candle_facts_t *facts, buffer_t *answer);
