/* Clears the history: forgets the trades of one symbol or of all, and their coverage, in memory and in the store, stream by stream. */
#pragma once

#include "cached/archive/write_behind.h"
#include "cached/streams/catalog.h"
#include "proto/topic.h"

/* good: false when the store failed; everything before that stream is cleared. cleared: how many trades. */
typedef void clear_history_fn(void *arg, bool good, uint64_t cleared);

typedef struct {
    catalog_t *catalog;
    write_behind_t *write_behind; /* NULL: there is no store */
    clear_history_fn *done;
    void *arg;
    bool busy;

    kept_subject_t symbol; /* the only one; empty: all */
    size_t at, stream;     /* of the next symbol, and of its stream */
    uint64_t cleared, clearing;
} clear_history_t;

/* Not while it is busy (asserted). symbol: an existing one, or empty for all. `done` is called from within, or later. */
void clear_history_start(clear_history_t *self, text_t symbol, clear_history_fn *done, void *arg);
