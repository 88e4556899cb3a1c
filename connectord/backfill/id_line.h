/* Which of a symbol's numbered trades have come, and which are missing: numbers count up by one, so what was left out shows.
 *
 *     … 41 42 43 [44 45] 46 47 | next: 48          taken 43, 46, 47: 44 and 45 are missing
 *
 * Pure. The missing are kept as ranges, few in practice; at most ID_RANGES_MAX: beyond that a range stays whole where it would be split, and what has
 * come of it may be asked for once more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_RANGES_MAX = 1024 };

typedef struct {
    uint64_t from, to; /* [from, to) */
    int64_t before_ns; /* when the trade before it was made, in ns since 1970 */
} id_range_t;

typedef struct {
    uint64_t next;       /* expected; 0: none has come yet */
    int64_t last_ns;     /* when the one before that was made */
    id_range_t *missing; /* owned; in order, below next */
    size_t count, room;
} id_line_t;

typedef enum {
    ID_FIRST,   /* none has come before it */
    ID_NEXT,    /* the one expected */
    ID_AHEAD,   /* others are missing before it */
    ID_MISSING, /* one that was missing */
    ID_KNOWN    /* it has come before */
} id_place_t;

void id_line_release(id_line_t *self);

/* Where a number, 1 to INT64_MAX, stands. */
id_place_t id_line_look(const id_line_t *self, uint64_t id);

/* It has come, and was made then: what it leaves out is missing from now on. Of one that is known nothing changes. Without memory, what it leaves out is
 * not missed. */
void id_line_take(id_line_t *self, uint64_t id, int64_t time_ns);

/* Nobody waits for [from, to) now; also if it begins with the next one. */
void id_line_drop(id_line_t *self, id_range_t range);

/* How many are missing. */
uint64_t id_line_missing(const id_line_t *self);

/* How many of [from, to) are missing. */
uint64_t id_line_missing_in(const id_line_t *self, id_range_t range);
