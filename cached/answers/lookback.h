/* Reads what is behind memory, on a thread of its own and with a handle of its own. The store is opened when something is asked for the
 * first time; after a failure it is opened anew, but not before a while has passed: until then everything fails at once.
 */
#pragma once

#include "cached/streams/chunk.h"
#include "cached/streams/merge.h"
#include "common/loop/loop.h"

typedef struct lookback lookback_t;

/* The url outlives it. NULL, with a log line, when the system refuses. */
lookback_t *lookback_new(loop_t *loop, const store_kind_t *kind, const char *url);

/* Does not wait for a look under way: its `done` will not be called. */
void lookback_destroy(lookback_t **self);

/* Puts down what the next look is for: a number below MERGE_MAX, and the query of that number. False when memory runs out. The chunk of
 * that number is empty from now on. Not during a look. */
bool lookback_want(lookback_t *self, size_t number, const store_query_t *query);

/* What came, or did not (chunk_failed). */
const chunk_t *lookback_chunk(const lookback_t *self, size_t number);

typedef void lookback_fn(void *arg);

/* Loads all that was put down since the last look; then `done`, on the loop. One look at a time (asserted). */
void lookback_start(lookback_t *self, lookback_fn *done, void *arg);
bool lookback_busy(const lookback_t *self);
