#include "connectord/http/http_poll.h"

#include "common/clock.h"

#include <stdlib.h>

bool http_polls_init(http_polls_t *self)
{
    self->by_symbol = table_new();
    return self->by_symbol != NULL;
}

static void destroy(http_poll_t *self)
{
    http_transfer_cancel(&self->transfer);
    http_pages_release(&self->pages);
    record_queue_release(&self->queue);
    free(self);
}

void http_polls_clear(http_polls_t *self)
{
    http_poll_t *poll;
    for (size_t at = 0; (poll = table_each(self->by_symbol, &at)); at = 0)
        http_polls_remove(self, poll);
}

void http_polls_release(http_polls_t *self)
{
    if (self->by_symbol)
        http_polls_clear(self);
    table_destroy(&self->by_symbol);
}

http_poll_t *http_polls_add(http_polls_t *self, void *owner, text_t symbol, const http_protocol_t *protocol, text_t url)
{
    http_poll_t *poll = calloc(1, sizeof *poll);
    if (!poll)
        return NULL;
    poll->owner = owner;
    poll->queue = record_queue_new();
    if (symbol.length > 0)
        memcpy(poll->symbol_text, symbol.at, symbol.length);
    poll->symbol = (text_t){poll->symbol_text, symbol.length};
    poll->due_ns = clock_mono_ns();
    if (http_pages_init(&poll->pages, protocol, url) && table_put(self->by_symbol, poll->symbol, poll))
        return poll;
    destroy(poll);
    return NULL;
}

void http_polls_remove(http_polls_t *self, http_poll_t *poll)
{
    table_remove(self->by_symbol, poll->symbol);
    destroy(poll);
}

http_poll_t *http_polls_find(const http_polls_t *self, text_t symbol)
{
    return table_get(self->by_symbol, symbol);
}

http_poll_t *http_polls_next(const http_polls_t *self)
{
    http_poll_t *poll, *first = NULL;
    for (size_t at = 0; (poll = table_each(self->by_symbol, &at));)
        if (poll->state == HTTP_POLL_DUE && (!first || poll->due_ns < first->due_ns))
            first = poll;
    return first;
}

http_poll_t *http_polls_giving(const http_polls_t *self)
{
    http_poll_t *poll;
    for (size_t at = 0; (poll = table_each(self->by_symbol, &at));)
        if (poll->state == HTTP_POLL_GIVING)
            return poll;
    return NULL;
}

size_t http_polls_asked(const http_polls_t *self)
{
    const http_poll_t *poll;
    size_t asked = 0;
    for (size_t at = 0; (poll = table_each(self->by_symbol, &at));)
        asked += poll->state == HTTP_POLL_ASKED;
    return asked;
}
