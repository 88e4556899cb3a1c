/* What operators have changed of the sources' symbols, over what the configuration says (replay.md, `add` and `remove`).
 *
 *     configuration   BTC-USD  ETH-USD                    overlay.json, in the journal's folder:
 *     overlay                  −ETH-USD  +SOL-USD         {"version":1,"changes":[{"source":"kraken","symbol":"SOL-USD","change":"added"},…]}
 *     taken           BTC-USD            SOL-USD
 *
 * A change is on disk before it is applied, so that no kill undoes it. It lasts until the opposite is wanted, or until the configuration says
 * the same: then nothing is changed, and it is forgotten. What was changed of a source that the configuration does not have waits for its
 * return. A file that can't be read or makes no sense is set aside, and the configuration counts alone.
 */
#pragma once

#include "common/json/json_write.h"
#include "connectord/connectors/source_config.h"

enum { OVERLAY_MAX = 10000 /* changes, of all sources */ };

typedef struct overlay overlay_t;

typedef enum { OVERLAY_ADDED, OVERLAY_REMOVED } overlay_change_t;

typedef struct {
    uint64_t added, removed; /* symbols, now */
    uint64_t changes;        /* since the start */
    bool damaged;            /* a file was set aside at the start */
} overlay_counts_t;

/* Reads the file in that folder, the journal's, which outlives it. NULL when memory runs out. */
overlay_t *overlay_open(const char *folder);
void overlay_close(overlay_t **self);

/* Can it be added or removed? A subject (topic.h) of a channel that is not reserved; not all of a channel at once. */
bool overlay_takes(text_t symbol);

/* Lays it over the symbols of a source's settings, which are the configuration's; and forgets what these say, too. False when memory runs out: nothing
 * changed. */
bool overlay_apply(overlay_t *self, source_config_t *settings);

typedef enum {
    OVERLAY_SET,
    OVERLAY_FULL,   /* there are OVERLAY_MAX already */
    OVERLAY_UNSAVED /* the disk or the memory does not take it, with a log line */
} overlay_result_t;

/* The source, which did not, offers the symbol from now on; or it did, and no longer does. On disk when it returns; else nothing changed. */
overlay_result_t overlay_set(overlay_t *self, text_t source, text_t symbol, overlay_change_t change);

/* The source's changes of that kind, as a list: "added":["SOL-USD"]. */
void overlay_put(const overlay_t *self, text_t source, overlay_change_t change, json_writer_t *json);

overlay_counts_t overlay_counts(const overlay_t *self);
