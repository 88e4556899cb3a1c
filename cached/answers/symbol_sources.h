/* The sources of a symbol: of each its stream of trades, its stream of coverage, and up to when what is still going on is known to be so. */
#pragma once

#include "cached/streams/catalog.h"

typedef struct {
    text_t name;
    const memory_log_t *trades, *coverage; /* NULL: it has no such stream; one of them it has */
    bool offered;                          /* does it offer the symbol now? */
    int64_t
        sure_ns; /* the time of its last status, or of its last trade: an open record of coverage holds up to there, since a process that was killed wrote no other */
} symbol_source_t;

enum { SYMBOL_SOURCES_MAX = 2 * CATALOG_SOURCES_MAX };

typedef struct {
    symbol_source_t sources[SYMBOL_SOURCES_MAX];
    size_t count;
} symbol_sources_t;

/* In the order of their names: all of a valid symbol, or (`source` not empty) that one. Slices and pointers are the catalog's, until it changes. False when nobody
 * offers the symbol and it has no stream. */
bool symbol_sources_find(symbol_sources_t *self, const catalog_t *catalog, text_t symbol, text_t source, int64_t now_ns);

/* Does the source have anything to say of [from, to), so that it counts there? Of one that no longer offers the symbol an unknown state is nothing. */
bool symbol_source_says(const symbol_source_t *self, int64_t from_ns, int64_t to_ns);

/* Is nothing missing there? */
bool symbol_source_complete(const symbol_source_t *self, int64_t from_ns, int64_t to_ns);
