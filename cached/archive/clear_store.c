#include "cached/archive/clear_store.h"

#include <stdlib.h>

#include "proto/topic.h"

typedef struct {
    kept_topic_t topic;
    cursor_t upto; /* what memory has is no longer to be stored */
    uint64_t cleared;
    clear_store_done_fn *done;
    void *arg;
} clear_order_t;

struct clear_store {
    const stored_places_t *stored_places;
    store_writer_t *writer;
    clear_order_t waiting[CLEAR_STORE_MAX]; /* a ring */
    size_t first, count;
    clear_order_t present; /* the thread's while the writer is at work on it */
    void (*stepped)(void *arg, store_result_t result);
    void *arg;
};

clear_store_t *clear_store_new(const stored_places_t *stored_places, store_writer_t *writer)
{
    clear_store_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->stored_places = stored_places;
    self->writer = writer;
    return self;
}

void clear_store_destroy(clear_store_t **self)
{
    free(*self);
    *self = NULL;
}

bool clear_store_add(clear_store_t *self, text_t topic, clear_store_done_fn *done, void *arg)
{
    if (self->count == CLEAR_STORE_MAX)
        return false;
    clear_order_t *request = &self->waiting[(self->first + self->count++) % CLEAR_STORE_MAX];
    *request = (clear_order_t){.done = done, .arg = arg};
    KEEP_TEXT(&request->topic, topic);
    return true;
}

static void take(clear_store_t *self)
{
    self->present = self->waiting[self->first];
    self->first = (self->first + 1) % CLEAR_STORE_MAX;
    self->count--;
}

static store_result_t clear(void *arg, const store_kind_t *kind, void *store, char *error)
{
    clear_order_t *request = &((clear_store_t *)arg)->present;
    text_t topic = KEPT_TEXT(&request->topic);
    store_result_t result = kind->write.skip(store, topic, request->upto, error);
    return result == STORE_OK ? kind->write.clear(store, topic, &request->cleared, error) : result;
}

static stored_place_t *stored_place_of(const clear_store_t *self)
{
    return stored_places_find(self->stored_places, KEPT_TEXT(&self->present.topic));
}

static void on_clear(void *arg, store_result_t result)
{
    clear_store_t *self = arg;
    stored_place_t *stored_place = stored_place_of(self);
    if (result == STORE_OK && stored_place) {
        stored_place_move(stored_place, self->present.upto);
        stored_place->trades = 0;
    }
    self->present.done(self->present.arg, result, self->present.cleared);
    self->stepped(self->arg, result);
}

bool clear_store_step(clear_store_t *self, void (*stepped)(void *arg, store_result_t result), void *arg)
{
    if (self->count == 0)
        return false;
    take(self);
    const stored_place_t *stored_place = stored_place_of(self);
    if (stored_place)
        self->present.upto = memory_log_known(stored_place->memory_log);
    self->stepped = stepped;
    self->arg = arg;
    store_writer_run(self->writer, clear, on_clear, self);
    return true;
}

void clear_store_fail(clear_store_t *self, store_result_t result)
{
    for (size_t left = self->count; left > 0; left--) { /* not those that are added meanwhile */
        take(self);
        self->present.done(self->present.arg, result, 0);
    }
}
