/* Reads what is behind memory, on a thread of its own and with a handle of its own. The store is opened when something is asked for the
 * first time; after a failure it is reopened, but only after a while: until then everything fails at once.
 */
#pragma once

#include "cached/streams/chunk.h"
#include "cached/streams/merge.h"
#include "common/loop/loop.h"

typedef struct store_reader store_reader_t;

/* The url outlives it. NULL, with a log line, when the system refuses. */
store_reader_t *store_reader_new(loop_t *loop, const store_kind_t *kind, const char *url);

/* Does not wait for a look under way: its `done` will not be called. */
void store_reader_destroy(store_reader_t **self);

/* Puts down what the next look is for: a number below MERGE_MAX, and the query of that number. False when memory runs out. The chunk of
 * that number is empty from now on. Not during a look. */
bool store_reader_want(store_reader_t *self, size_t number, const store_query_t *query);

/* What came, or did not (chunk_failed). */
const chunk_t *store_reader_chunk(const store_reader_t *self, size_t number);

typedef void store_reader_fn(void *arg);

/* Loads all that was put down since the last look; then `done`, on the loop. One look at a time (asserted). */
void store_reader_start(store_reader_t *self, store_reader_fn *done, void *arg);
bool store_reader_busy(const store_reader_t *self);
