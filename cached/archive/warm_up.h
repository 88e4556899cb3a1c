/* Memory filled from the store at the start, in two rounds.
 *
 *     1. the newest trades of each stream, a few thousand in all: then it is followed, and what is asked for beyond
 *        memory is answered from the store
 *     2. stream by stream what else the memory log may hold, put before the newest ones when all of it has arrived
 *
 * So the process serves long before memory is full. A round reads a stream into a separate memory log, which then goes to
 * the catalog as a whole: nobody ever sees a memory with a gap. While a piece is appended here, the next one is read there.
 */
#pragma once

#include "cached/archive/store_writer.h"
#include "cached/archive/stored_place.h"
#include "cached/archive/trade_batch.h"
#include "proto/trade.h"

typedef struct warm_up warm_up_t;

typedef struct {
    /* A trade from the store, oldest first within a stream, for `memory_log` (which is not in the catalog yet). Valid during
     * the call. */
    void (*on_trade)(void *arg, memory_log_t *memory_log, const trade_t *trade, text_t json);
    /* The stream's memory log has the newest of what is stored: it goes on behind `last`. Older trades may still be put
     * before them. */
    void (*on_warmed_up)(void *arg, text_t topic, cursor_t last);
    /* Memory is as full as the store can make it. Not called where the store has nothing. */
    void (*on_full)(void *arg);
} warm_up_events_t;

/* All outlive it. NULL when memory runs out. */
warm_up_t *warm_up_new(store_writer_t *writer, const warm_up_events_t *events, void *arg);
void warm_up_destroy(warm_up_t **self);

/* A stream to be filled; it has been told by on_found (write_behind.h). */
bool warm_up_add(warm_up_t *self, stored_place_t *stored_place);

/* Makes the next step with the idle writer; `stepped` is called when it is done. False when there is nothing left to do. */
bool warm_up_step(warm_up_t *self, void (*stepped)(void *arg, store_result_t result), void *arg);

/* The store is gone: all streams continue with what they have. */
void warm_up_abort(warm_up_t *self);

/* The writer may still be at work, but its results are ignored. For the end of the process. */
void warm_up_stop(warm_up_t *self);

/* Is the first round over? */
bool warm_up_serves(const warm_up_t *self);

/* Streams, how many of them are full, and trades that came. */
size_t warm_up_total(const warm_up_t *self);
size_t warm_up_done(const warm_up_t *self);
uint64_t warm_up_trades(const warm_up_t *self);
