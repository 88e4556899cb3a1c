/* Reads what memory no longer has, on a separate thread with a separate handle. The store is opened when something is requested for the
 * first time; after a failure it is reopened, but only after a while: until then everything fails at once.
 */
#pragma once

#include "cached/streams/chunk.h"
#include "cached/streams/merge.h"
#include "common/loop/loop.h"

typedef struct store_reader store_reader_t;

/* The url outlives it. NULL, with a log line, when the system refuses. */
store_reader_t *store_reader_new(loop_t *loop, const store_kind_t *kind, const char *url);

/* Does not wait for a pending look: its `done` will not be called. */
void store_reader_destroy(store_reader_t **self);

/* Notes what the next look is for: a number below MERGE_MAX, and its query. False when memory runs out. The chunk of
 * that number is empty from now on. Not during a look. */
bool store_reader_want(store_reader_t *self, size_t number, const store_query_t *query);

/* What came, or failed (chunk_failed). */
const chunk_t *store_reader_chunk(const store_reader_t *self, size_t number);

typedef void store_reader_fn(void *arg);

/* Loads everything noted since the last look; then `done`, on the loop. One look at a time (asserted). */
void store_reader_start(store_reader_t *self, store_reader_fn *done, void *arg);
bool store_reader_busy(const store_reader_t *self);
