/* A piece of a stream, taken out of a store: which trades are wanted, and those that came, in the query's order. */
#pragma once

#include "cached/stores/store.h"
#include "proto/topic.h"

enum { CHUNK_BYTES = 1 << 20 /* of texts: a chunk that is full is not complete */ };

typedef struct chunk chunk_t;

/* NULL when memory runs out. */
chunk_t *chunk_new(void);
void chunk_destroy(chunk_t **self);

/* Empties it and makes it ready for what the query wants. The topic is copied. */
void chunk_want(chunk_t *self, const store_query_t *query);
const store_query_t *chunk_query(const chunk_t *self);

/* Takes the next trade of a store's range: a store_trade_fn. False when the chunk is full. */
bool chunk_take(void *self, const store_trade_t *trade);

/* What the store's range ended with. */
void chunk_end(chunk_t *self, store_result_t result);

size_t chunk_count(const chunk_t *self);

/* number: below chunk_count. The topic is empty. The text is valid until the next chunk_want. */
store_trade_t chunk_at(const chunk_t *self, size_t number);

/* Is there nothing that the query wants and the chunk does not hold? False, too, when the store failed. */
bool chunk_complete(const chunk_t *self);
bool chunk_failed(const chunk_t *self);
