/* The queue of page queries that memory can't answer alone: they wait in a bounded queue that their peers share (fair_queue.h), and each is answered when its
 * turn has come and the store has been read. Nothing is kept for one that waits but its text. */
#pragma once

#include "cached/answers/question.h"
#include "cached/answers/store_reader.h"
#include "cached/archive/rebuild.h"
#include "cached/archive/write_behind.h"
#include "common/buffer.h"
#include "proto/request.h"

enum { PAGE_QUEUE_WAITING_MAX = 256 };

typedef struct page_queue page_queue_t;

typedef struct {
    catalog_t *catalog;
    store_reader_t *reader;       /* reads the store; NULL without a store: nothing may be asked */
    write_behind_t *write_behind; /* knows up to where it is written; NULL: everything is */
    const rebuild_t *rebuild;     /* rebuilds coverage that only the store has; NULL: nobody does */
    size_t answer_bytes;          /* of one, at most */
    /* All are valid during the call. */
    void (*on_answer)(void *arg, const question_t *question, const request_t *request, buffer_t *answer);
    void *arg;
} page_queue_config_t;

/* Everything in `config` outlives it. NULL when memory runs out. */
page_queue_t *page_queue_new(const page_queue_config_t *config);

/* Answers nobody from now on. Call after store_reader_destroy, which ends the pending call. */
void page_queue_destroy(page_queue_t **self);

/* A query for a page (page_request.h), whose request is valid; on_answer is called later, or from within. False when too
 * many wait or memory runs out: nothing happens then. Another waiting one may be answered with an error, from within, to free
 * a place. */
bool page_queue_ask(page_queue_t *self, const question_t *question);

/* How many wait, including the current one. */
size_t page_queue_waiting(const page_queue_t *self);
