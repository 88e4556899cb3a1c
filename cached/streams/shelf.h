/* Every tape, by symbol and by topic, and which symbols the sources offer.
 *
 * What comes from the bus can't make it grow without end: at most SHELF_SYMBOLS_MAX symbols, SHELF_STREAMS_MAX streams and
 * SHELF_SOURCES_MAX sources of one symbol.
 */
#pragma once

#include "cached/streams/merge.h"
#include "cached/streams/retention.h"
#include "proto/status.h"

enum { SHELF_SYMBOLS_MAX = 16384, SHELF_STREAMS_MAX = 16384, SHELF_SOURCES_MAX = MERGE_MAX };

typedef struct shelf shelf_t;

/* limit: trades held per stream. NULL when memory runs out. */
shelf_t *shelf_new(uint64_t limit);
void shelf_destroy(shelf_t **self);

/* What is held, from now on: of each stream as many trades as its rule says, or else as `shelf_new` did, and none older than that. `rules`
 * outlive the shelf, or the next call; NULL: none. */
void shelf_retain(shelf_t *self, const retention_t *rules);

/* Drops what has become too old. */
void shelf_age(shelf_t *self, int64_t now_ns);

/* The tape of a stream, made when it is new. NULL when `topic` is not a trade's, when there are too many, or when memory runs out. */
tape_t *shelf_tape(shelf_t *self, text_t topic);

/* NULL when there is none. */
tape_t *shelf_find(const shelf_t *self, text_t topic);

/* What a source offers now: replaces what it offered before. */
void shelf_offer(shelf_t *self, const status_t *status);

/* Does a source offer this stream, whether it has had a trade or not? */
bool shelf_offered(const shelf_t *self, text_t topic);

typedef struct {
    text_t symbol;
    tape_t *const *tapes; /* in the order of their sources' names */
    size_t tape_count;
} shelf_symbol_t;

/* False when the symbol has no stream and no source offers it. Valid until the shelf changes. */
bool shelf_symbol(const shelf_t *self, text_t symbol, shelf_symbol_t *found);

/* Walks the symbols in alphabetical order; *at begins at 0. False at the end. */
bool shelf_next(const shelf_t *self, size_t *at, shelf_symbol_t *found);

size_t shelf_streams(const shelf_t *self);

/* Trades held in all tapes together. */
uint64_t shelf_trades(const shelf_t *self);
