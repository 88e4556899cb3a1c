/* A query that can't be answered at once, kept with its sender. */
#pragma once

#include "common/text.h"

typedef struct question {
    struct question *next;
    int64_t asked_ns; /* clock_mono_ns */
    text_t peer, request;
    char bytes[];
} question_t;

/* Copies both. NULL when memory runs out; free it. */
question_t *question_new(text_t peer, text_t request, int64_t asked_ns);

/* First in, first out. Starts as {0}. */
typedef struct {
    question_t *first, *last;
    size_t count;
} question_queue_t;

void question_push(question_queue_t *queue, question_t *question);

/* The first one; NULL if it is empty. */
question_t *question_pop(question_queue_t *queue);

/* The last one added; NULL if it is empty. */
question_t *question_take_last(question_queue_t *queue);
