#include "gatewayd/streams/answer_cache.h"

#include "common/table.h"

#include <stdlib.h>

enum { KEY_MAX = 512 };

struct answer_cache {
    table_t *by_key; /* → ready_answer_t; owned */
    list_t all;      /* the same; the one that was asked for last is at the end */
    size_t bytes;    /* of them */
    buffer_t key;
};

static void answer_free(ready_answer_t *answer)
{
    buffer_release(&answer->bytes);
    buffer_release(&answer->packed);
    buffer_release(&answer->key);
    free(answer);
}

static void drop(answer_cache_t *self, list_t *item)
{
    ready_answer_t *answer = LIST_OWNER(item, ready_answer_t, in_answers);
    table_remove(self->by_key, buffer_text(&answer->key));
    self->bytes -= answer->counted;
    answer_free(answer);
}

static ready_answer_t *add(answer_cache_t *self, text_t key)
{
    ready_answer_t *answer = calloc(1, sizeof *answer);
    if (!answer)
        return NULL;
    answer->bytes = buffer_new(ANSWER_ROOM + ANSWER_MAX);
    answer->packed = buffer_new(0);
    answer->key = buffer_new(KEY_MAX);
    buffer_append(&answer->key, key);
    list_init(&answer->in_answers);
    if (!buffer_ok(&answer->key) || !table_put(self->by_key, key, answer)) {
        answer_free(answer);
        return NULL;
    }
    list_append(&self->all, &answer->in_answers);
    return answer;
}

/* By what was not asked for for longest, but never by the last one. */
static void make_room(answer_cache_t *self)
{
    list_t *item;
    while ((self->bytes > ANSWER_CACHE_BYTES || table_count(self->by_key) > ANSWER_CACHE_MAX) &&
           table_count(self->by_key) > 1 && (item = list_take(&self->all)))
        drop(self, item);
}

/* Symbols and sources have no spaces. */
static void print_key(const recent_query_t *question, answer_form_t form, buffer_t *out)
{
    buffer_clear(out);
    buffer_append(out, question->symbol);
    buffer_append(out, TEXT(" "));
    buffer_append(out, question->source);
    buffer_append(out, TEXT(" "));
    buffer_append(out, (text_t){(const char *)&form, sizeof form});
    buffer_append(out, (text_t){(const char *)&question->count, sizeof question->count});
    buffer_append(out, (text_t){(const char *)&question->before_ns, sizeof question->before_ns});
    buffer_append(out, question->next);
}

answer_cache_t *answer_cache_new(void)
{
    answer_cache_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->key = buffer_new(KEY_MAX);
    self->by_key = table_new();
    list_init(&self->all);
    if (!self->by_key)
        answer_cache_destroy(&self);
    return self;
}

void answer_cache_destroy(answer_cache_t **self_p)
{
    answer_cache_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    list_t *item;
    while ((item = list_take(&self->all)))
        drop(self, item);
    table_destroy(&self->by_key);
    buffer_release(&self->key);
    free(self);
}

ready_answer_t *answer_cache_get(answer_cache_t *self, const recent_query_t *question, answer_form_t form)
{
    make_room(self);
    print_key(question, form, &self->key);
    ready_answer_t *answer = buffer_ok(&self->key) ? table_get(self->by_key, buffer_text(&self->key)) : NULL;
    if (!answer)
        return buffer_ok(&self->key) ? add(self, buffer_text(&self->key)) : NULL;
    list_remove(&answer->in_answers);
    list_append(&self->all, &answer->in_answers);
    return answer;
}

void answer_cache_grown(answer_cache_t *self, ready_answer_t *answer)
{
    size_t bytes = answer->bytes.capacity + answer->packed.capacity;
    self->bytes += bytes - answer->counted;
    answer->counted = bytes;
}
