/* What is known of a span of a source's trades of one symbol: the `data` of a record of the channel `coverage` (coverage.md).
 *
 *     {"state":"live","from":"2026-11-29T12:00:00.000000000Z","cursor":"1763941200123456-42"}
 *     {"state":"hole","from":"2026-11-29T12:00:07.100000000Z","to":"2026-11-29T12:00:09.000000000Z","cursor":"1763941200123456-57","missing":17}
 *
 * connectord writes them; readers fold them, in the order of their stream: a later record replaces what earlier ones said of its span.
 */
#pragma once

#include "common/buffer.h"
#include "proto/cursor.h"

typedef enum {
    COVERAGE_UNKNOWN,    /* nobody knows: the link was down, or connectord stopped */
    COVERAGE_LIVE,       /* every trade came live */
    COVERAGE_BACKFILLED, /* asked for afterwards: every trade's id is there */
    COVERAGE_PROVED,     /* adds up exactly to the exchange's own candles */
    COVERAGE_HOLE,       /* trades are missing */
    COVERAGE_SHORT       /* does not add up to the exchange's candles */
} coverage_state_t;

#define COVERAGE_OPEN INT64_MAX /* until a later record says otherwise */

enum { COVERAGE_DATA_MAX = 1024 /* bytes that coverage_print makes of one, at most */ };

typedef struct {
    coverage_state_t state;
    int64_t from_ns, to_ns;   /* [from, to), in ns since 1970; live and unknown alone may be open: COVERAGE_OPEN */
    cursor_t cursor;          /* the last trade of the symbol's stream when the record was written; seq 0: none yet */
    cursor_t first, last;     /* of backfilled: the trades that were; first.seq 0: no trade was missing */
    uint64_t trades;          /* of backfilled and proved: how many were backfilled, or lie in the span */
    bool missing_known;       /* of hole and short: is it known … */
    uint64_t missing;         /* … how many trades are missing? */
    text_t volume;            /* of proved: the sum of the quantities, a decimal; empty: not told */
    text_t missing_volume;    /* of short: by how much it falls short, a decimal; empty: not told */
    text_t first_id, last_id; /* of hole: the exchange's ids of the first and the last missing trade; empty where not known */
    bool
        partial; /* a part of what a record said: what that counted (all from `first` on) does not hold for the part, and is not printed */
} coverage_t;

/* "live"; and back: false for any other text. */
const char *coverage_state_name(coverage_state_t state);
bool coverage_state_parse(text_t name, coverage_state_t *state);

/* Is nothing missing in that state: live, backfilled or proved? */
bool coverage_state_complete(coverage_state_t state);

/* Prints the `data` of a record, without white space: of members that do not belong to the state none, whatever they are. */
void coverage_print(buffer_t *out, const coverage_t *coverage);

/* The same members into an object that has been opened, as answers to queries have them (history.md): what is still going on has "to":null. */
void coverage_put(json_writer_t *json, const coverage_t *coverage);

/* Reads the `data` of a record; texts are slices of it. False if it is no object of JSON, if a member that its state needs is missing or wrong, or if `to` is
 * not later than `from`. Other members are ignored. *coverage is untouched then. */
bool coverage_parse(text_t data, coverage_t *coverage);
