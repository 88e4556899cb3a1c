#include "connectord/http/http_source.h"

void http_source_stop(http_source_t *self)
{
    self->state = HTTP_CLOSED;
    self->connection++;
    loop_timer_stop(self->timer);
    loop_timer_stop(self->giver);
    http_polls_clear(&self->polls);
    http_headers_release(&self->headers);
}

void http_source_lose(http_source_t *self, const char *reason, loss_kind_t kind, uint32_t retry_after_ms)
{
    http_source_stop(self);
    self->events->on_lost(self->arg, &(loss_t){.reason = reason, .kind = kind, .retry_after_ms = retry_after_ms});
}

void http_source_malformed(void *arg, const char *reason, text_t sample)
{
    http_source_t *self = arg;
    if (self->state == HTTP_OPEN)
        self->events->on_malformed(self->arg, reason, text_cut(sample, HTTP_SOURCE_SAMPLE_MAX));
}

static bool is_open(const http_source_t *self, text_t channel, text_t key)
{
    char subject[SUBJECT_MAX];
    const told_symbol_t *symbol = told_symbols_find(&self->symbols, (text_t){subject, subject_print(subject, channel, key)});
    return symbol && symbol->open;
}

bool http_source_wants(const http_source_t *self, text_t channel, text_t key)
{
    return key.length > 0 && key.length <= KEY_MAX && (is_open(self, channel, key) || is_open(self, channel, TEXT("*")));
}

bool http_source_wants_any(const http_source_t *self)
{
    for (size_t i = 0; i < self->symbols.count; i++)
        if (self->symbols.symbols[i]->open)
            return true;
    return false;
}

http_poll_t *http_source_add_poll(http_source_t *self, text_t symbol)
{
    text_t native = symbol.length > 0 ? spelling_native(self->definition.http->spelling, symbol) : (text_t){"", 0};
    buffer_t url = buffer_new(HTTP_CLIENT_URL_MAX);
    http_poll_t *poll = NULL;
    text_t channel = {"", 0}, key = {"", 0};
    if (symbol.length > 0)
        subject_split(symbol, &channel, &key);
    http_protocol_print_url(&self->url, &(template_values_t){key, native, text_of(self->config->token), channel}, &url);
    if (buffer_ok(&url))
        poll = http_polls_add(&self->polls, self, symbol, self->definition.http, buffer_text(&url));
    buffer_release(&url);
    return poll;
}

void http_source_wake(http_source_t *self)
{
    loop_timer_start(self->timer, 1, 0);
}
