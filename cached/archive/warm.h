/* Memory filled from the store at the start, in two rounds.
 *
 *     1. of each stream the newest trades, a few thousand of all together: then it is followed, and what is asked for beyond
 *        memory is answered from the store
 *     2. stream by stream what else the tape may hold, put before the newest ones when all of it is here
 *
 * So the process serves long before memory is full. A round reads a stream into a tape of its own, which then goes to the shelf as a whole:
 * nobody ever sees a memory with a hole. While a piece is appended here, the next one is read there.
 */
#pragma once

#include "cached/archive/archive.h"
#include "cached/archive/holding.h"
#include "cached/archive/parcel.h"
#include "cached/archive/writer.h"

typedef struct warm warm_t;

/* All outlive it. NULL when memory runs out. */
warm_t *warm_new(writer_t *writer, const archive_events_t *events, void *arg);
void warm_destroy(warm_t **self);

/* A stream to be filled; it has been told by on_found. */
bool warm_add(warm_t *self, holding_t *holding);

/* Makes the next step with the idle writer; `stepped` is called when it is done. False when there is nothing left to do. */
bool warm_step(warm_t *self, void (*stepped)(void *arg, store_result_t result), void *arg);

/* The store is gone: all streams go on with what they have got. */
void warm_abort(warm_t *self);

/* The writer may still be at work, but what comes is of no use any more. For the end of the process. */
void warm_stop(warm_t *self);

/* Is the first round over? */
bool warm_serves(const warm_t *self);

/* Streams, those of them that are full, and trades that came. */
size_t warm_total(const warm_t *self);
size_t warm_done(const warm_t *self);
uint64_t warm_trades(const warm_t *self);
