/* Clears what is stored of a stream, on request: requests wait for their turn at the store. */
#pragma once

#include "cached/archive/store_writer.h"
#include "cached/archive/stored_place.h"

typedef struct clear_store clear_store_t;

/* cleared: trades that were forgotten in the store. */
typedef void clear_store_done_fn(void *arg, store_result_t result, uint64_t cleared);

enum { CLEAR_STORE_MAX = 64 /* requests that wait */ };

/* All outlive it. NULL when memory runs out. */
clear_store_t *clear_store_new(const stored_places_t *stored_places, store_writer_t *writer);
void clear_store_destroy(clear_store_t **self);

/* False when there are too many. */
bool clear_store_add(clear_store_t *self, text_t topic, clear_store_done_fn *done, void *arg);

/* Carries out the next one with the idle writer; `stepped` is called after its `done`. False if none is left. */
bool clear_store_step(clear_store_t *self, void (*stepped)(void *arg, store_result_t result), void *arg);

/* All waiting ones are told that it failed. */
void clear_store_fail(clear_store_t *self, store_result_t result);
