/* Questions that wait, in a bounded number of places which the connections that ask share: each has its turn, one question after the other, and who holds
 * many places gives one up to whoever comes and has fewer. */
#pragma once

#include "cached/answers/question.h"

#include <stdbool.h>

typedef struct fair_queue fair_queue_t;

/* NULL when memory runs out. */
fair_queue_t *fair_queue_new(size_t places);

/* Frees what waits. */
void fair_queue_destroy(fair_queue_t **self);

/* Takes ownership of the question. Where there is no place, *displaced is the newest question of the connection that has most, which is the caller's
 * then; false, and nothing is taken, when no other connection has two more than this one, or memory runs out. */
bool fair_queue_push(fair_queue_t *self, question_t *question, question_t **displaced);

/* The oldest question of the connection whose turn it is; NULL when none waits. Free it. */
question_t *fair_queue_pop(fair_queue_t *self);

size_t fair_queue_count(const fair_queue_t *self);
