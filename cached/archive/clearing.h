/* Requests to forget what is stored of a stream: they wait for their turn at the store. */
#pragma once

#include "cached/archive/archive.h"
#include "cached/archive/holding.h"
#include "cached/archive/writer.h"

typedef struct clearing clearing_t;

enum { CLEARING_MAX = 64 /* requests that wait */ };

/* All outlive it. NULL when memory runs out. */
clearing_t *clearing_new(const holdings_t *holdings, writer_t *writer);
void clearing_destroy(clearing_t **self);

/* False when there are too many. */
bool clearing_add(clearing_t *self, text_t topic, archive_cleared_fn *done, void *arg);

/* Carries out the next one with the idle writer; `stepped` is called after its `done`. False when there is none. */
bool clearing_step(clearing_t *self, void (*stepped)(void *arg, store_result_t result), void *arg);

/* All that wait are told that it failed. */
void clearing_fail(clearing_t *self, store_result_t result);
