/* Records of a recording of what was asked for over HTTP, given on as connector http gave them on (http_answer.c): each once, and of answers that begin
 * with the newest one when all pages are there, from the oldest on.
 *
 *     asked ──▶ put, put, … ──▶ answered ──▶ take, take, … until none is left
 *
 * In others' recordings, which do not say what was asked, nothing is put.
 */
#pragma once

#include "connectord/mapping/mapping_record.h"
#include "connectord/recording/recorded_line.h"

enum { REPLAY_ANSWERS_MAX = 10000 /* that are under way at a time */ };

typedef enum {
    REPLAY_ANSWERS_NEW,   /* to be given on at once */
    REPLAY_ANSWERS_KNOWN, /* it came before */
    REPLAY_ANSWERS_PUT,   /* it was copied, for later */
    REPLAY_ANSWERS_FULL   /* there are too many for that, or memory ran out */
} replay_answers_put_t;

typedef struct replay_answers replay_answers_t;

/* newest_first: answers begin with the newest record. NULL when memory runs out. */
replay_answers_t *replay_answers_new(bool newest_first);
void replay_answers_destroy(replay_answers_t **self);

/* Heeds what a line of the recording says of answers: those that are under way end with their connection. */
void replay_answers_mark(replay_answers_t *self, const recorded_line_t *recorded);

/* The recording begins, or another lap of it: nothing came before. False when memory runs out. */
bool replay_answers_begin(replay_answers_t *self);

/* Does what comes now belong to an answer? To what was asked of what (empty: of all)? */
bool replay_answers_open(const replay_answers_t *self);
text_t replay_answers_subject(const replay_answers_t *self);

/* A record of the answer that is open. */
replay_answers_put_t replay_answers_put(replay_answers_t *self, const mapping_record_t *record);

/* The next one that was put, of the answer that became whole last; valid until the next call. False when none is left. */
bool replay_answers_take(replay_answers_t *self, mapping_record_t *record);
