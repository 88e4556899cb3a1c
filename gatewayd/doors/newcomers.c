#include "gatewayd/doors/newcomers.h"

#include "common/buffer.h"
#include "common/list.h"

#include <stdlib.h>

struct newcomers {
    newcomer_fn *open;
    share_t *share;
    list_t waiting; /* newcomer_t.in_line */
};

struct newcomer {
    list_t in_line;
    void *arg;
    byte_stream_t stream;
    buffer_t hello; /* what goes out first, and behind it what has been read already */
    size_t answer_length;
};

static void newcomer_free(newcomer_t *self)
{
    list_remove(&self->in_line);
    buffer_release(&self->hello);
    free(self);
}

static bool open_next(void *arg)
{
    newcomers_t *self = arg;
    list_t *first = list_take(&self->waiting);
    if (!first)
        return false;
    newcomer_t *newcomer = LIST_OWNER(first, newcomer_t, in_line);
    text_t hello = buffer_text(&newcomer->hello);
    size_t length = newcomer->answer_length;
    self->open(newcomer->arg, newcomer->stream, (text_t){hello.at, length}, (text_t){hello.at + length, hello.length - length});
    newcomer_free(newcomer);
    return !list_empty(&self->waiting);
}

newcomers_t *newcomers_new(loop_t *loop, newcomer_fn *open)
{
    newcomers_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->open = open;
    list_init(&self->waiting);
    self->share = share_new(loop, SHARE_NEWCOMERS_US, open_next, self);
    if (!self->share)
        newcomers_destroy(&self);
    return self;
}

void newcomers_destroy(newcomers_t **self_p)
{
    newcomers_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    share_destroy(&self->share);
    free(self);
}

newcomer_t *newcomers_add(newcomers_t *self, byte_stream_t stream, text_t answer, text_t behind, void *arg)
{
    newcomer_t *newcomer = malloc(sizeof *newcomer);
    if (!newcomer) {
        byte_stream_close(&stream);
        return NULL;
    }
    *newcomer = (newcomer_t){.arg = arg, .stream = stream, .hello = buffer_new(0), .answer_length = answer.length};
    list_init(&newcomer->in_line);
    buffer_append(&newcomer->hello, answer);
    buffer_append(&newcomer->hello, behind);
    if (!buffer_ok(&newcomer->hello)) {
        newcomer_cancel(&newcomer);
        return NULL;
    }
    list_append(&self->waiting, &newcomer->in_line);
    share_wake(self->share);
    return newcomer;
}

void newcomer_cancel(newcomer_t **newcomer_p)
{
    newcomer_t *newcomer = *newcomer_p;
    if (!newcomer)
        return;
    *newcomer_p = NULL;
    byte_stream_close(&newcomer->stream);
    newcomer_free(newcomer);
}
