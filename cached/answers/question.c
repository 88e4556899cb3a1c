#include "cached/answers/question.h"

#include <stdlib.h>

question_t *question_new(text_t peer, text_t request, int64_t asked_ns)
{
    question_t *self = malloc(sizeof *self + peer.length + request.length);
    if (!self)
        return NULL;
    *self = (question_t){
        .asked_ns = asked_ns, .peer = {self->bytes, peer.length}, .request = {self->bytes + peer.length, request.length}};
    memcpy(self->bytes, peer.at, peer.length);
    memcpy(self->bytes + peer.length, request.at, request.length);
    return self;
}

void question_push(question_queue_t *queue, question_t *question)
{
    question->next = NULL;
    if (queue->last)
        queue->last->next = question;
    else
        queue->first = question;
    queue->last = question;
    queue->count++;
}

question_t *question_pop(question_queue_t *queue)
{
    question_t *question = queue->first;
    if (!question)
        return NULL;
    queue->first = question->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    return question;
}

question_t *question_take_last(question_queue_t *queue)
{
    question_t *last = queue->last, *before = queue->first;
    if (!last || last == before)
        return question_pop(queue);
    while (before->next != last)
        before = before->next;
    before->next = NULL;
    queue->last = before;
    queue->count--;
    return last;
}
