/* The catalog of streams: every memory log, by symbol and by topic, and which symbols the sources offer.
 *
 * The bus can't make it grow without bound: at most CATALOG_SYMBOLS_MAX symbols, CATALOG_STREAMS_MAX streams and
 * CATALOG_SOURCES_MAX sources of one symbol.
 */
#pragma once

#include "cached/streams/merge.h"
#include "cached/streams/retention.h"
#include "proto/status.h"

enum {
    CATALOG_SYMBOLS_MAX = REMEMBERED_MAX,
    CATALOG_STREAMS_MAX = REMEMBERED_MAX,
    CATALOG_SOURCES_MAX = MERGE_MAX,
    CATALOG_LATEST =
        1000 /* records held of each key of a channel that keeps only the latest, and of each stream of coverage, at most */
};

typedef struct catalog catalog_t;

/* limit: trades held per stream. NULL when memory runs out. */
catalog_t *catalog_new(uint64_t limit);
void catalog_destroy(catalog_t **self);

/* What is held from now on: of each stream as many trades as its rule says, or else as `catalog_new` did (CATALOG_LATEST where only the
 * latest matters, and of coverage whatever its rule says), and none older than the rule says. `rules` outlive the catalog, or the next call; NULL: none. */
void catalog_retain(catalog_t *self, const retention_t *rules);

/* Drops what has become too old. */
void catalog_age(catalog_t *self, int64_t now_ns);

/* The memory log of a stream, created if it is new. NULL when `topic` is not a trade's, when there are too many, or when
 * memory runs out. */
memory_log_t *catalog_memory_log(catalog_t *self, text_t topic);

/* NULL when there is none. */
memory_log_t *catalog_find(const catalog_t *self, text_t topic);

/* Sets what a source offers, replacing what it offered before, and of which channels only the latest record matters. */
void catalog_offer(catalog_t *self, const status_t *status);

/* Does a source offer this stream, with or without trades? */
bool catalog_offered(const catalog_t *self, text_t topic);

/* The time of the source's last status, in ns since 1970; 0: none was heard. */
int64_t catalog_heard(const catalog_t *self, text_t source);

typedef struct {
    text_t symbol;
    memory_log_t *const *memory_logs; /* in the order of their sources' names */
    size_t memory_log_count;
} catalog_symbol_t;

/* False when the symbol has no stream and no source offers it. Valid until the catalog changes. */
bool catalog_symbol(const catalog_t *self, text_t symbol, catalog_symbol_t *found);

/* Walks the symbols in alphabetical order; *at starts at 0. False at the end. */
bool catalog_next(const catalog_t *self, size_t *at, catalog_symbol_t *found);

size_t catalog_streams(const catalog_t *self);

/* Trades held in all memory logs together. */
uint64_t catalog_trades(const catalog_t *self);
