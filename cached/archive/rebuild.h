/* Candles of stored trades that memory was not filled with, and coverage of such records: rebuilt after the start, stream by stream.
 *
 * A separate thread with a separate handle reads what the store has before the first trade in a stream's candles, piece by piece and
 * oldest first, into other candles (or other coverage); the loop then merges those into the stream's. Until that is done candles_older_to_come says
 * so. What is cleared meanwhile stays cleared. A store that fails is retried, and continues where it was.
 */
#pragma once

#include "cached/stores/store.h"
#include "cached/streams/catalog.h"
#include "common/loop/loop.h"

typedef struct rebuild rebuild_t;

/* Starts nothing. Trades from the future (trade.h, with the bound future_ns) are left out. url and catalog outlive it. NULL,
 * with a log line, when the system refuses. */
rebuild_t *rebuild_new(loop_t *loop, const store_kind_t *kind, const char *url, catalog_t *catalog, int64_t future_ns);

/* Does not wait long for pending work. */
void rebuild_destroy(rebuild_t **self);

/* Memory is filled: from now on every stream continues at its end. May be repeated. */
void rebuild_start(rebuild_t *self);

/* May the store have trades that are still to be added to a stream's candles? */
bool rebuild_lacks(const rebuild_t *self, const candles_t *candles);
