/* Answers what is asked of the history: a table of operations over the shelf. Text in, text out; history.md has both. */
#pragma once

#include "cached/shelf.h"
#include "common/buffer.h"
#include "common/histogram.h"

/* Bytes of an answer, at most: where more trades were asked for, fewer come. */
#define HISTORY_ANSWER_MAX ((size_t)8 << 20)

typedef struct history history_t;

/* token: what `clear` must bring; empty: nobody may clear. Both are kept, not copied. NULL when memory runs out. */
history_t *history_new(shelf_t *shelf, const char *token);
void history_destroy(history_t **self);

/* Who knows whether all that there is has been read in: for the operation `ready`. Without it the answer is yes. */
typedef bool history_ready_fn(const void *arg);
void history_on_ready(history_t *self, history_ready_fn *ready, const void *arg);

/* The answer to one request, whatever it holds. Valid until the next call. */
text_t history_answer(history_t *self, text_t request);

typedef struct {
    uint64_t answers; /* all */
    uint64_t errors;  /* those with "ok":false */
    uint64_t bytes;   /* of all */
    histogram_t time; /* that making one took */
} history_counts_t;

const history_counts_t *history_counts(const history_t *self);

/* How often each operation was asked for: number 0, 1, 2 …, at last "unknown", for all that is none. False beyond it. */
bool history_asked(const history_t *self, size_t number, const char **operation, uint64_t *count);
