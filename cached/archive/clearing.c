#include "cached/archive/clearing.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/topic.h"

typedef struct {
    char topic[TOPIC_MAX];
    size_t topic_length;
    cursor_t upto; /* what memory has is not to be stored any more */
    uint64_t cleared;
    archive_cleared_fn *done;
    void *arg;
} order_t;

struct clearing {
    const holdings_t *holdings;
    writer_t *writer;
    order_t waiting[CLEARING_MAX]; /* a ring */
    size_t first, count;
    order_t present; /* the thread's while the writer is at work on it */
    void (*stepped)(void *arg, store_result_t result);
    void *arg;
};

clearing_t *clearing_new(const holdings_t *holdings, writer_t *writer)
{
    clearing_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->holdings = holdings;
    self->writer = writer;
    return self;
}

void clearing_destroy(clearing_t **self)
{
    free(*self);
    *self = NULL;
}

bool clearing_add(clearing_t *self, text_t topic, archive_cleared_fn *done, void *arg)
{
    assert(topic.length <= TOPIC_MAX);
    if (self->count == CLEARING_MAX)
        return false;
    order_t *request = &self->waiting[(self->first + self->count++) % CLEARING_MAX];
    *request = (order_t){.topic_length = topic.length, .done = done, .arg = arg};
    memcpy(request->topic, topic.at, topic.length);
    return true;
}

static void take(clearing_t *self)
{
    self->present = self->waiting[self->first];
    self->first = (self->first + 1) % CLEARING_MAX;
    self->count--;
}

static store_result_t clear(void *arg, const store_kind_t *kind, void *store, char *error)
{
    order_t *request = &((clearing_t *)arg)->present;
    text_t topic = {request->topic, request->topic_length};
    store_result_t result = kind->skip(store, topic, request->upto, error);
    return result == STORE_OK ? kind->clear(store, topic, &request->cleared, error) : result;
}

static holding_t *holding_of(const clearing_t *self)
{
    return holdings_find(self->holdings, (text_t){self->present.topic, self->present.topic_length});
}

static void on_clear(void *arg, store_result_t result)
{
    clearing_t *self = arg;
    holding_t *holding = holding_of(self);
    if (result == STORE_OK && holding) {
        holding_move(holding, self->present.upto);
        holding->trades = 0;
    }
    self->present.done(self->present.arg, result, self->present.cleared);
    self->stepped(self->arg, result);
}

bool clearing_step(clearing_t *self, void (*stepped)(void *arg, store_result_t result), void *arg)
{
    if (self->count == 0)
        return false;
    take(self);
    const holding_t *holding = holding_of(self);
    if (holding)
        self->present.upto = tape_known(holding->tape);
    self->stepped = stepped;
    self->arg = arg;
    writer_run(self->writer, clear, on_clear, self);
    return true;
}

void clearing_fail(clearing_t *self, store_result_t result)
{
    for (size_t left = self->count; left > 0; left--) { /* not those that are added meanwhile */
        take(self);
        self->present.done(self->present.arg, result, 0);
    }
}
