/* Forgets the trades of one symbol or of all, in memory and in the store, stream by stream. */
#pragma once

#include "cached/archive/archive.h"
#include "cached/streams/shelf.h"
#include "proto/topic.h"

/* good: false when the store could not forget; what came before that stream is forgotten. cleared: how many trades. */
typedef void forgotten_fn(void *arg, bool good, uint64_t cleared);

typedef struct {
    shelf_t *shelf;
    archive_t *archive; /* NULL: there is no store */
    forgotten_fn *done;
    void *arg;
    bool busy;

    char symbol[SYMBOL_MAX]; /* the only one; of length 0: all */
    size_t symbol_length;
    size_t at, stream; /* of the symbol that is next, and of its stream */
    uint64_t cleared, clearing;
} forgetting_t;

/* Not while it is busy (asserted). symbol: one that there is, or empty for all. `done` is called from within, or later. */
void forget_start(forgetting_t *self, text_t symbol, forgotten_fn *done, void *arg);
