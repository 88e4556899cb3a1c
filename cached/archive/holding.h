/* What of each stream is stored, and what comes next. */
#pragma once

#include "cached/streams/tape.h"

typedef struct {
    tape_t *tape;      /* somebody else's */
    cursor_t place;    /* stored up to here */
    cursor_t packed;   /* the last one of the batch under way */
    uint64_t trades;   /* in the store */
    int64_t behind_ns; /* since when something has been waiting; 0: nothing is */
    int64_t retry_ns;  /* what the tape lacks is not asked for before */
} holding_t;

/* What is to be stored next of a stream. */
typedef struct {
    enum {
        NEXT_NOTHING,
        NEXT_TAPE,   /* the tape's trades from `number` on */
        NEXT_JOURNAL /* [from, to] of the journal: the tape lacks the beginning */
    } kind;
    uint64_t number;
    cursor_t from, to;
} holding_next_t;

holding_next_t holding_next(const holding_t *self);

/* It is stored up to here. A place before the present one changes nothing. */
void holding_move(holding_t *self, cursor_t place);

/* Notes since when what comes next has been waiting: now, if nothing was before. */
void holding_wait(holding_t *self, const holding_next_t *next, int64_t now_ns);

/* Trades that are not stored yet, as far as the cursors tell: those of an epoch before the tape's are not counted. */
uint64_t holding_lag(const holding_t *self);

typedef struct holdings holdings_t;

/* NULL when memory runs out. */
holdings_t *holdings_new(void);
void holdings_destroy(holdings_t **self);

/* The holding of a tape, made when it is new. NULL when memory runs out. */
holding_t *holdings_add(holdings_t *self, tape_t *tape);

/* NULL when there is none. */
holding_t *holdings_find(const holdings_t *self, text_t topic);

/* In the order in which they were made. */
size_t holdings_count(const holdings_t *self);
holding_t *holdings_at(const holdings_t *self, size_t number);
