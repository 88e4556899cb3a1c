/* A piece of a stream, read from a store: which trades are wanted, and those that came, in the query's order. */
#pragma once

#include "cached/stores/store.h"
#include "proto/topic.h"

enum { CHUNK_BYTES = 1 << 20 /* of texts: a full chunk is incomplete */ };

typedef struct chunk chunk_t;

/* NULL when memory runs out. */
chunk_t *chunk_new(void);
void chunk_destroy(chunk_t **self);

/* Empties it and prepares it for the query. The topic is copied. */
void chunk_want(chunk_t *self, const store_query_t *query);
const store_query_t *chunk_query(const chunk_t *self);

/* Takes the next trade of a store's range: a store_trade_fn. False when the chunk is full. */
bool chunk_take(void *self, const store_trade_t *trade);

/* The result of the store's range. */
void chunk_end(chunk_t *self, store_result_t result);

size_t chunk_count(const chunk_t *self);

/* number: below chunk_count. The topic is empty. The text is valid until the next chunk_want. */
store_trade_t chunk_at(const chunk_t *self, size_t number);

/* Does the chunk hold everything that the query asks for? False, too, if the store failed. */
bool chunk_complete(const chunk_t *self);
bool chunk_failed(const chunk_t *self);
