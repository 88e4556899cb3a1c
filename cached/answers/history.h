/* Answers history queries: a table of operations over the catalog and the store behind it. Text in, text out;
 * history.md has both.
 *
 * What memory knows is answered at once. A query that needs the store waits (page_queue.h), and is answered when its turn
 * has come and the store has been read.
 */
#pragma once

#include "cached/answers/store_reader.h"
#include "cached/archive/rebuild.h"
#include "cached/archive/write_behind.h"
#include "cached/streams/catalog.h"
#include "common/buffer.h"
#include "common/bus/follower.h"
#include "common/numbers/histogram.h"

/* The maximum size of an answer, in bytes: if more trades were asked for, fewer come. */
#define HISTORY_ANSWER_MAX ((size_t)8 << 20)

typedef struct history history_t;

typedef struct {
    catalog_t *catalog;
    store_reader_t *reader;                                   /* reads the store; NULL without a store */
    write_behind_t *write_behind;                             /* writes it; NULL without a store */
    const rebuild_t *rebuild;                                 /* rebuilds older candles; NULL: nobody does */
    const char *token;                                        /* what `clear` must bring; empty: nobody may clear */
    void (*on_answer)(void *arg, text_t peer, text_t answer); /* the texts are valid during the call */
    void *arg;
} history_config_t;

/* Everything in `config` outlives it. NULL when memory runs out. */
history_t *history_new(const history_config_t *config);

/* Answers nobody from now on. Call after store_reader_destroy and write_behind_destroy, which end pending calls. */
void history_destroy(history_t **self);

/* Tells whether everything has been loaded: for the operation `ready`. Without it the answer is yes. */
typedef bool history_ready_fn(const void *arg);
void history_on_ready(history_t *self, history_ready_fn *ready, const void *arg);

/* Whose streams `stats` reports; before that it reports no duplicates and gaps. */
void history_follow(history_t *self, const follower_t *follower);

/* What memory and the store keep, for `stats` to report. Both outlive the history_t, or the next call. */
void history_retain(history_t *self, const retention_t *memory, const retention_t *store);

/* Answers any request by on_answer: from within, or later. peer: identifies the sender, and comes back. rights: what it may (rights.h); the result is
 * the one that it lacks, "history" or "clear", and it is answered with an error; NULL if it lacks none. */
const char *history_handle(history_t *self, text_t peer, text_t rights, text_t request);

/* Answers one that came in this many frames instead of one. */
void history_refuse(history_t *self, text_t peer, size_t frames);

typedef struct {
    uint64_t answers; /* all */
    uint64_t errors;  /* those with "ok":false */
    uint64_t bytes;   /* of all */
    uint64_t looks;   /* answers that needed the store */
    histogram_t time; /* to make one, including waiting */
} history_counts_t;

const history_counts_t *history_counts(const history_t *self);

/* How many queries are waiting for the store. */
size_t history_waiting(const history_t *self);

/* How often each operation was asked for: number 0, 1, 2 …, and last "unknown", for all others. False beyond it. */
bool history_asked(const history_t *self, size_t number, const char **operation, uint64_t *count);
