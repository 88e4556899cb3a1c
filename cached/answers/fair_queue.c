#include "cached/answers/fair_queue.h"

#include "common/zeromq/envelope.h"

#include <stdlib.h>

/* A connection that has questions here. */
typedef struct queue_connection {
    struct queue_connection *next;
    question_queue_t questions; /* at least one */
} queue_connection_t;

struct fair_queue {
    size_t places, count;
    queue_connection_t *first, **end; /* in the order of their turns */
};

static text_t connection_of(const queue_connection_t *asker)
{
    return envelope_connection(asker->questions.first->peer);
}

fair_queue_t *fair_queue_new(size_t places)
{
    fair_queue_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->places = places;
    self->end = &self->first;
    return self;
}

static queue_connection_t *find(const fair_queue_t *self, text_t connection)
{
    queue_connection_t *asker = self->first;
    while (asker && !text_equal(connection_of(asker), connection))
        asker = asker->next;
    return asker;
}

static queue_connection_t *with_most(const fair_queue_t *self)
{
    queue_connection_t *most = self->first;
    for (queue_connection_t *asker = self->first; asker; asker = asker->next)
        if (asker->questions.count > most->questions.count)
            most = asker;
    return most;
}

static void append(fair_queue_t *self, queue_connection_t *asker)
{
    asker->next = NULL;
    *self->end = asker;
    self->end = &asker->next;
}

/* A place for one that has so many. */
static bool make_place(fair_queue_t *self, size_t own, question_t **displaced)
{
    if (self->count < self->places)
        return true;
    queue_connection_t *most = with_most(self);
    if (!most || most->questions.count < own + 2)
        return false;
    *displaced = question_take_last(&most->questions); /* not its only one */
    self->count--;
    return true;
}

bool fair_queue_push(fair_queue_t *self, question_t *question, question_t **displaced)
{
    queue_connection_t *asker = find(self, envelope_connection(question->peer)), *made = NULL;
    if (!asker && !(made = calloc(1, sizeof *made)))
        return false;
    if (!make_place(self, asker ? asker->questions.count : 0, displaced)) {
        free(made);
        return false;
    }
    question_push(made ? &made->questions : &asker->questions, question);
    if (made)
        append(self, made);
    self->count++;
    return true;
}

question_t *fair_queue_pop(fair_queue_t *self)
{
    queue_connection_t *asker = self->first;
    if (!asker)
        return NULL;
    self->first = asker->next;
    if (!self->first)
        self->end = &self->first;
    question_t *question = question_pop(&asker->questions);
    self->count--;
    if (asker->questions.count > 0)
        append(self, asker);
    else
        free(asker);
    return question;
}

size_t fair_queue_count(const fair_queue_t *self)
{
    return self->count;
}

void fair_queue_destroy(fair_queue_t **self_p)
{
    fair_queue_t *self = *self_p;
    question_t *question;
    if (!self)
        return;
    *self_p = NULL;
    while ((question = fair_queue_pop(self)))
        free(question);
    free(self);
}
