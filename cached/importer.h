/* Reads trades that were exported, a line of canonical text each (bus.md), into a store. */
#pragma once

#include <stdio.h>

#include "cached/store.h"

typedef struct {
    uint64_t read;   /* lines */
    uint64_t stored; /* trades that the store did not have */
} import_counts_t;

/* What a store leaves out, as at or before a stream's place, is left out here, too: twice is as good as once. Stops at the first line that
 * is no trade, and at the first failure; what came before it is stored. False with a message in `error` (STORE_ERROR_MAX bytes). */
bool import_trades(FILE *in, const store_kind_t *kind, const char *url, import_counts_t *counts, char *error);
