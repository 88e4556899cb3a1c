/* Waiting queries, in a bounded number of places that connections share: each has its turn, one query after another, and one that holds
 * many places gives one up to a newcomer with fewer. */
#pragma once

#include "cached/answers/question.h"

#include <stdbool.h>

typedef struct fair_queue fair_queue_t;

/* NULL when memory runs out. */
fair_queue_t *fair_queue_new(size_t places);

/* Frees what waits. */
void fair_queue_destroy(fair_queue_t **self);

/* Takes ownership of the query. If there is no place, *displaced is the newest query of the connection with the most, which the caller owns
 * then; false, and nothing is taken, when no other connection has two more than this one, or memory runs out. */
bool fair_queue_push(fair_queue_t *self, question_t *question, question_t **displaced);

/* The oldest query of the connection whose turn it is; NULL when none waits. Free it. */
question_t *fair_queue_pop(fair_queue_t *self);

size_t fair_queue_count(const fair_queue_t *self);
