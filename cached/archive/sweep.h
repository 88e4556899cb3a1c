/* Drops from the store what retention does not keep: once a minute through all streams, in steps small enough that trades can be stored
 * in between. */
#pragma once

#include "cached/archive/store_writer.h"
#include "cached/archive/stored_place.h"
#include "cached/streams/retention.h"

typedef struct sweep sweep_t;

enum { SWEEP_PERIOD_MS = 60000 };

/* Both outlive it. NULL when memory runs out. */
sweep_t *sweep_new(const stored_places_t *stored_places, store_writer_t *writer);
void sweep_destroy(sweep_t **self);

/* NULL: everything is kept. A round starts at once. */
void sweep_retain(sweep_t *self, const retention_t *rules);

/* Makes the next step with the idle writer, if one is due; `stepped` is called when it is done. */
bool sweep_step(sweep_t *self, void (*stepped)(void *arg, store_result_t result), void *arg);

uint64_t sweep_dropped(const sweep_t *self);
