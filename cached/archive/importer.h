/* Reads exported trades, one line of canonical text each (bus.md), into a store, whatever it already has, and whether cached has it
 * open or not.
 *
 * Trades at or before their stream's place fill what the store lacks there. Later ones may be stored, and move the place, only if
 * nothing can be missing before them: they follow the place, or the store knew nothing of the stream. Otherwise cached would take what is
 * missing for stored, and never fetch it from the journal; and with a foreign epoch, later than its own journal's, it would store
 * nothing of the stream from then on. So these are left out, and counted, unless the caller knows that no cached writes to the store.
 */
#pragma once

#include <stdio.h>

#include "cached/stores/store.h"

typedef struct {
    uint64_t read;   /* lines */
    uint64_t stored; /* trades that the store did not have */
    uint64_t later;  /* left out, as above */
} import_counts_t;

/* later: take those, too. Importing twice is harmless, and lines may come in any order. Stops at the first line that is not a trade, and at the first
 * failure; what came before it is stored. False with a message in `error` (STORE_ERROR_MAX bytes). */
bool import_trades(FILE *in, const store_kind_t *kind, const char *url, bool later, import_counts_t *counts, char *error);
