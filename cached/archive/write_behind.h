/* Write-behind: at the start memory is filled from the store, and everything new in memory is then written to it.
 *
 * Nothing queues for the store. Each stream has a place up to which it is stored; whenever the store has finished its last batch, the
 * trades after the places are copied from the memory logs into one bounded batch, and stored by a separate thread:
 *
 *     memory log    …│ 41 │ 42 │ 43 │ 44 │ 45 │        place 42: the next batch has 43 to 45
 *
 * While the store is away, memory logs continue, and drop their oldest trades. Those not stored yet are fetched from the journal,
 * page by page, when the store is back. Those that have left the journal, too, are skipped, logged and counted.
 *
 * All calls and callbacks are made on the loop.
 */
#pragma once

#include "cached/archive/clear_store.h"
#include "cached/archive/warm_up.h"
#include "cached/stores/store.h"
#include "cached/streams/catalog.h"
#include "cached/streams/retention.h"
#include "common/bus/requester.h"
#include "common/loop/loop.h"
#include "proto/trade.h"

typedef struct write_behind write_behind_t;

typedef struct {
    /* Memory will get the newest trades of this stream before it is followed: nothing of it may be appended to its memory
     * log until warm_up.on_warmed_up. */
    void (*on_found)(void *arg, text_t topic);
    /* What is stored is known, or the store can't be reached: streams can be followed from now on. Called once. */
    void (*on_open)(void *arg);
    warm_up_events_t warm_up;
    /* Who answers replay requests for a stream; NULL: nobody knows yet. */
    requester_t *(*replay)(void *arg, text_t topic);
} write_behind_events_t;

typedef struct {
    const store_kind_t *kind;
    const char *url; /* both outlive it */
} write_behind_config_t;

/* Starts to open the store, on a separate thread. NULL with a log line when memory runs out. */
write_behind_t *write_behind_new(loop_t *loop, const write_behind_config_t *config, catalog_t *catalog,
                                 const write_behind_events_t *events, void *arg);

/* Stores what is not yet stored, for at most WRITE_BEHIND_FLUSH_MS, and closes the store. */
enum { WRITE_BEHIND_FLUSH_MS = 5000 };
void write_behind_destroy(write_behind_t **self);

/* What the store keeps. Without it (NULL): everything. It outlives the write_behind_t, or the next call. */
void write_behind_retain(write_behind_t *self, const retention_t *retention);

/* A memory log whose trades are to be stored. May be repeated. */
void write_behind_keep(write_behind_t *self, memory_log_t *memory_log);

/* Forgets what is stored of a stream, and what memory has of it that is not stored yet: `done` is told how many trades were forgotten in the
 * store. False when too many such requests wait already, or the store can't be reached: nothing happens then. */
bool write_behind_clear(write_behind_t *self, text_t topic, clear_store_done_fn *done, void *arg);

/* Trades of a stream in the store, as far as known. */
uint64_t write_behind_stored(const write_behind_t *self, text_t topic);

/* Up to where a stream is stored. {0, 0}: nothing. */
cursor_t write_behind_place(const write_behind_t *self, text_t topic);

typedef enum { WRITE_BEHIND_OPENING, WRITE_BEHIND_UP, WRITE_BEHIND_AWAY, WRITE_BEHIND_REFUSED } write_behind_state_t;

typedef struct {
    write_behind_state_t state;
    const char *error;        /* of the last failure, in the store's words; "" when it is up */
    uint64_t lag_trades;      /* in memory or in the journal, and not stored yet */
    int64_t lag_ns;           /* how long the oldest of them has been waiting */
    size_t warming, warmed;   /* streams that were or will be filled from the store, and those that are full */
    uint64_t warmed_trades;   /* trades that came from the store */
    uint64_t batches, stored; /* and trades in them */
    uint64_t errors, lost, retained;
} write_behind_counts_t;

write_behind_counts_t write_behind_counts(const write_behind_t *self);

/* Does every stream have its newest trades, so that it is followed? True, too, if the store could not be reached at the start. */
bool write_behind_serves(const write_behind_t *self);

/* Is memory as full as the store can make it? True, too, if the store could not be reached. */
bool write_behind_warm_up(const write_behind_t *self);
