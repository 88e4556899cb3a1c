/* What is stored of each stream, and what comes next. */
#pragma once

#include "cached/streams/memory_log.h"

typedef struct {
    memory_log_t *memory_log; /* somebody else's */
    cursor_t place;           /* stored up to here */
    cursor_t packed;          /* the last one of the pending batch */
    uint64_t trades;          /* in the store */
    int64_t behind_ns;        /* since when something has been waiting; 0: nothing */
    int64_t retry_ns;         /* what the memory log lacks is not requested before */
} stored_place_t;

/* What to store next of a stream. */
typedef struct {
    enum {
        NEXT_NOTHING,
        NEXT_MEMORY_LOG, /* the memory log's trades from `number` on */
        NEXT_JOURNAL     /* [from, to] of the journal: the memory log lacks the beginning */
    } kind;
    uint64_t number;
    cursor_t from, to;
} stored_place_next_t;

stored_place_next_t stored_place_next(const stored_place_t *self);

/* It is stored up to here. A place before the current one changes nothing. */
void stored_place_move(stored_place_t *self, cursor_t place);

/* Notes since when the next trades have been waiting: now, if nothing waited before. */
void stored_place_wait(stored_place_t *self, const stored_place_next_t *next, int64_t now_ns);

/* Trades not stored yet, as far as the cursors show: those of an epoch before the memory log's are not counted. */
uint64_t stored_place_lag(const stored_place_t *self);

typedef struct stored_places stored_places_t;

/* NULL when memory runs out. */
stored_places_t *stored_places_new(void);
void stored_places_destroy(stored_places_t **self);

/* The stored place of a memory log, created if it is new. NULL when memory runs out. */
stored_place_t *stored_places_add(stored_places_t *self, memory_log_t *memory_log);

/* NULL if it is unknown. */
stored_place_t *stored_places_find(const stored_places_t *self, text_t topic);

/* In the order of creation. */
size_t stored_places_count(const stored_places_t *self);
stored_place_t *stored_places_at(const stored_places_t *self, size_t number);
