/* Questions for pages that memory can't answer alone: they wait in a bounded queue that their peers share (fair_queue.h), and each is answered when its
 * turn came and the store has been read. Nothing is kept for one that waits but its text. */
#pragma once

#include "cached/answers/lookback.h"
#include "cached/answers/question.h"
#include "cached/archive/archive.h"
#include "common/buffer.h"
#include "proto/request.h"

enum { LOOK_WAITING_MAX = 256 };

typedef struct look look_t;

typedef struct {
    shelf_t *shelf;
    lookback_t *lookback; /* reads the store; NULL: there is none, and nothing may be asked */
    archive_t *archive;   /* knows up to where it is written; NULL: all of it */
    size_t answer_bytes;  /* of one, at most */
    /* All are valid during the call. */
    void (*on_answer)(void *arg, const question_t *question, const request_t *request, buffer_t *answer);
    void *arg;
} look_config_t;

/* All that the config names outlives it. NULL when memory runs out. */
look_t *look_new(const look_config_t *config);

/* Nobody is answered any more. After lookback_destroy, which ends the call that is under way. */
void look_destroy(look_t **self);

/* A question for a page (page.h), whose request is valid; on_answer is called later, or from within. False when too many wait or memory runs
 * out: nothing happens then. Another one that waited may be answered by an error, from within, for its place. */
bool look_ask(look_t *self, const question_t *question);

/* How many wait, the one under way included. */
size_t look_waiting(const look_t *self);
