/* What is behind memory: the store. At the start memory is filled from it, and then it is written what memory takes.
 *
 * Nothing queues for the store. Each stream has a place, up to which it is stored; whenever the store has done what it was given, the
 * trades behind the places are copied from the tapes into one bounded batch, and stored by a thread of its own:
 *
 *     tape    …│ 41 │ 42 │ 43 │ 44 │ 45 │        place 42: the next batch has 43 to 45
 *
 * While the store is away, tapes go on, and drop their oldest trades. Those that are not stored yet are fetched from the journal again,
 * page by page, when the store is back. What has left the journal, too, is skipped, logged and counted.
 *
 * All calls are made on the loop, and so are all callbacks.
 */
#pragma once

#include "cached/stores/store.h"
#include "cached/streams/retention.h"
#include "cached/streams/shelf.h"
#include "common/bus/requester.h"
#include "common/loop/loop.h"
#include "proto/trade.h"

typedef struct archive archive_t;

typedef struct {
    /* Memory will get the newest trades of this stream before it is followed: nothing of it may be appended to its tape until on_warm. */
    void (*on_found)(void *arg, text_t topic);
    /* What is stored is known, or the store can't be reached: streams can be followed from now on. Called once. */
    void (*on_open)(void *arg);
    /* A trade from the store, oldest first within a stream, for `tape` (which is not on the shelf yet). Valid during the call. */
    void (*on_trade)(void *arg, tape_t *tape, const trade_t *trade, text_t json);
    /* The stream's tape has the newest of what is stored: it goes on behind `last`. Older trades may still be put before them. */
    void (*on_warm)(void *arg, text_t topic, cursor_t last);
    /* Memory is as full as the store can make it. Not called where the store has nothing. */
    void (*on_full)(void *arg);
    /* Who answers replay requests for a stream; NULL: nobody knows yet. */
    requester_t *(*replay)(void *arg, text_t topic);
} archive_events_t;

typedef struct {
    const store_kind_t *kind;
    const char *url; /* both outlive the archive */
} archive_config_t;

/* Begins to open the store, on a thread of its own. NULL with a log line when memory runs out. */
archive_t *archive_new(loop_t *loop, const archive_config_t *config, shelf_t *shelf, const archive_events_t *events, void *arg);

/* Stores what is not yet stored, for at most ARCHIVE_FLUSH_MS, and closes the store. */
enum { ARCHIVE_FLUSH_MS = 5000 };
void archive_destroy(archive_t **self);

/* What the store keeps. Without it (NULL): everything. It outlives the archive, or the next call. */
void archive_retain(archive_t *self, const retention_t *retention);

/* A tape whose trades are to be stored. Again is fine. */
void archive_keep(archive_t *self, tape_t *tape);

/* Forgets what is stored of a stream, and what memory has of it and is not stored yet: `done` is told how many trades were forgotten in the
 * store. False when too many such requests wait already, or the store can't be reached: nothing happens then. */
typedef void archive_cleared_fn(void *arg, store_result_t result, uint64_t cleared);
bool archive_clear(archive_t *self, text_t topic, archive_cleared_fn *done, void *arg);

/* Trades of a stream in the store, as far as is known. */
uint64_t archive_stored(const archive_t *self, text_t topic);

/* Up to where a stream is stored. {0, 0}: nothing is. */
cursor_t archive_place(const archive_t *self, text_t topic);

typedef enum { ARCHIVE_OPENING, ARCHIVE_UP, ARCHIVE_AWAY, ARCHIVE_REFUSED } archive_state_t;

typedef struct {
    archive_state_t state;
    const char *error;        /* of the last failure, in the store's words; "" when it is up */
    uint64_t lag_trades;      /* in memory or in the journal, and not stored yet */
    int64_t lag_ns;           /* how long the oldest of them has been waiting */
    size_t warming, warmed;   /* streams that were or will be filled from the store, and those that are full */
    uint64_t warmed_trades;   /* trades that came from the store */
    uint64_t batches, stored; /* and trades in them */
    uint64_t errors, lost, retained;
} archive_counts_t;

archive_counts_t archive_counts(const archive_t *self);

/* Has every stream the newest of its trades, so that it is followed? True too when the store could not be reached at the start. */
bool archive_serves(const archive_t *self);

/* Is memory as full as the store can make it? True too when the store could not be reached. */
bool archive_warm(const archive_t *self);
