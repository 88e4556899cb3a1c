#include "connectord/http/http_symbols.h"

#include "common/clock.h"

static void remove_poll(http_source_t *self, text_t symbol)
{
    http_poll_t *poll = self->per_symbol ? http_polls_find(&self->polls, symbol) : NULL;
    if (poll)
        http_polls_remove(&self->polls, poll);
}

void http_symbols_confirm(http_source_t *self, told_symbol_t *symbol, bool subscribed)
{
    told_symbol_confirmed(symbol, subscribed);
    self->events->on_confirmed(self->arg, symbol->symbol, subscribed);
}

static void refuse(http_source_t *self, told_symbol_t *symbol, text_t reason)
{
    told_symbol_refused(symbol);
    self->events->on_rejected(self->arg, symbol->symbol, reason);
}

/* With a URL of its own a symbol is confirmed by its answer; else whatever comes of it is let through from now on. */
static void subscribe_to(http_source_t *self, told_symbol_t *symbol)
{
    if (spelling_native(self->definition.http->spelling, symbol->symbol).length == 0) {
        refuse(self, symbol, TEXT("the definition has no name for it"));
        return;
    }
    text_t asked = self->per_symbol ? symbol->symbol : TEXT("");
    http_poll_t *poll = http_polls_find(&self->polls, asked);
    if (!poll && !(poll = http_source_add_poll(self, asked))) {
        refuse(self, symbol, TEXT("out of memory"));
        return;
    }
    told_symbol_sent(symbol);
    if (self->per_symbol)
        return;
    http_pages_forget_all(&poll->pages); /* what was left out of them may be its */
    if (poll->state == HTTP_POLL_DUE)
        poll->due_ns = clock_mono_ns();
    http_symbols_confirm(self, symbol, true);
}

void http_symbols_pump(http_source_t *self)
{
    uint64_t connection = self->connection;
    told_symbol_t *symbol;
    self->changed = false;
    while (self->connection == connection && (symbol = told_symbols_next(&self->symbols))) {
        if (symbol->wanted) {
            subscribe_to(self, symbol);
            continue;
        }
        remove_poll(self, symbol->symbol);
        told_symbol_sent(symbol);
        http_symbols_confirm(self, symbol, false);
    }
    while (self->connection == connection && (symbol = told_symbols_take_known(&self->symbols)))
        self->events->on_confirmed(self->arg, symbol->symbol, true);
}

bool http_symbols_made(http_source_t *self)
{
    uint64_t connection = self->connection;
    self->throttled = 0;
    if (self->state == HTTP_OPENING) {
        self->state = HTTP_OPEN;
        self->events->on_connected(self->arg);
        if (self->connection == connection)
            http_symbols_pump(self);
    }
    return self->connection == connection;
}
