/* What a status says of trades that are missing upstream: its `holes` and its `backfill` (bus.md). */
#pragma once

#include "common/buffer.h"
#include "common/json/json.h"
#include "proto/cursor.h"

/* The holes of a symbol's trades upstream: how many, and the last of them. */
typedef struct {
    text_t symbol;
    uint64_t count;         /* 1 or more */
    bool missing_known;     /* is it known … */
    uint64_t missing;       /* … how many trades the last one lacks? */
    int64_t from_ns, to_ns; /* of the last one, [from, to), in ns since 1970 */
    cursor_t cursor;        /* the last trade before it */
} status_hole_t;

/* Walks a status' `holes`; what is invalid is left out. And appends one, the object's braces being the caller's. */
bool status_next_hole(json_walk_t *walk, status_hole_t *hole);
void status_put_hole(buffer_t *out, const status_hole_t *hole);

/* Trades of a symbol that are being asked for: how many; late: later ones are no longer held back for them. */
typedef struct {
    text_t symbol;
    bool missing_known;
    uint64_t missing;
    bool late;
} status_backfill_t;

/* The same for a status' `backfill`. */
bool status_next_backfill(json_walk_t *walk, status_backfill_t *backfill);
void status_put_backfill(buffer_t *out, const status_backfill_t *backfill);
