/* The connector "http": any source that is asked over HTTP again and again, by a definition of a file (proto/source.md):
 * what is asked (mapping/http_protocol.h), and how the answers become records (mapping/mapping.h).
 *
 *     {"http": {"url": …, "every_ms": …, …}, "mapping": {"each": …, "symbol": …, …}}
 *
 * "Connected" means that the first request was answered. What an answer holds waits in the poll's queue, and is given on in
 * slices, and not while exchanges are held back; an answer that holds nothing new gives nothing.
 */
#include "common/clock.h"
#include "common/log.h"
#include "connectord/http/http_giver.h"
#include "connectord/http/http_schedule.h"
#include "connectord/http/http_symbols.h"

#include <stdio.h>
#include <stdlib.h>

/* What is asked first, to see whether the source answers: of a symbol that it has a name for. */
static bool begin(http_source_t *self)
{
    char error[HTTP_HEADERS_ERROR_MAX], no_name[TEMPLATE_ERROR_MAX];
    text_t symbol = {"", 0};
    told_symbols_clear(&self->symbols);
    http_headers_release(&self->headers);
    if (!http_headers_read(&self->headers, self->definition.http, self->config->token, error)) {
        http_source_lose(self, error, LOSS_USUAL, 0);
        return false;
    }
    for (size_t i = 0; self->per_symbol && i < self->config->symbol_count && symbol.length == 0; i++)
        if (spelling_add(self->definition.http->spelling, self->config->symbols[i], no_name))
            symbol = self->config->symbols[i];
    if (self->per_symbol && symbol.length == 0)
        return http_symbols_made(self); /* nothing can be asked yet */
    if (!http_source_add_poll(self, symbol)) {
        http_source_lose(self, "out of memory", LOSS_USUAL, 0);
        return false;
    }
    return true;
}

static void on_timer(void *arg)
{
    http_source_t *self = arg;
    uint64_t connection = self->connection;
    bool begun = self->state == HTTP_OPEN || http_polls_next(&self->polls) || http_polls_asked(&self->polls) > 0;
    if (!begun && !begin(self))
        return;
    if (self->state == HTTP_OPEN)
        http_symbols_pump(self);
    if (self->connection == connection)
        http_schedule(self);
}

/* The source's own URL goes before the definition's. */
static bool compile_url(const source_config_t *config, const source_definition_t *definition, template_t *url,
                        char error[static CONNECTOR_ERROR_MAX])
{
    char why[TEMPLATE_ERROR_MAX] = "expected a URL here or in the definition";
    text_t text = config->url[0] != '\0' ? text_of(config->url) : definition->http->url;
    bool good = text.length > 0 && http_protocol_compile_url(url, text, why);
    if (!good)
        snprintf(error, CONNECTOR_ERROR_MAX, "url: %s", why);
    return good;
}

static bool read_settings(const source_config_t *config, source_definition_t *definition, template_t *url,
                          char error[static CONNECTOR_ERROR_MAX])
{
    char why[SOURCE_DEFINITION_ERROR_MAX];
    const char *path = source_config_setting(config, "definition")->text;
    if (source_definition_read_http(definition, path, why))
        return compile_url(config, definition, url, error);
    snprintf(error, CONNECTOR_ERROR_MAX, "definition: %.400s: %s", path, why);
    return false;
}

static bool http_check(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX])
{
    source_definition_t definition;
    template_t url;
    bool good = read_settings(config, &definition, &url, error);
    source_definition_release(&definition);
    return good;
}

static void http_close(void *arg)
{
    http_source_t *self = arg;
    if (!self)
        return;
    http_polls_release(&self->polls);
    http_client_destroy(&self->client);
    loop_timer_destroy(&self->timer);
    loop_timer_destroy(&self->giver);
    told_symbols_release(&self->symbols);
    http_headers_release(&self->headers);
    known_records_destroy(&self->known);
    source_definition_release(&self->definition);
    free(self);
}

static void *http_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg)
{
    char error[CONNECTOR_ERROR_MAX] = "out of memory";
    http_source_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->web = web;
    self->config = config;
    self->events = events;
    self->arg = arg;
    self->limiter = limiter_new(config->messages_per_minute, clock_mono_ns());
    if (read_settings(config, &self->definition, &self->url, error) && (self->timer = loop_timer_new(loop, on_timer, self)) &&
        (self->giver = loop_timer_new(loop, http_giver_run, self)) && told_symbols_init(&self->symbols) &&
        http_polls_init(&self->polls) && (self->known = known_records_new()) &&
        (self->client = http_client_new(loop, config->ca))) {
        self->per_symbol = http_protocol_is_per_symbol(&self->url);
        return self;
    }
    log_error("http: not started", LOG_SLICE("source", config->name), LOG_TEXT("error", error));
    http_close(self);
    return NULL;
}

static void http_connect(void *arg)
{
    http_source_t *self = arg;
    self->state = HTTP_OPENING;
    self->connection++;
    http_source_wake(self);
}

/* Whoever is left in the middle of something may not have kept it: that is asked for again. */
static void http_disconnect(void *arg)
{
    http_source_t *self = arg;
    http_source_stop(self);
    known_records_revert(self->known);
}

static void want(http_source_t *self, text_t symbol, bool wanted)
{
    char error[TEMPLATE_ERROR_MAX];
    if (self->state != HTTP_OPEN)
        return;
    if (wanted && !spelling_add(self->definition.http->spelling, symbol, error))
        log_warn("http: a symbol has no name at the source", LOG_SLICE("source", self->config->name), LOG_TEXT("error", error));
    told_symbols_want(&self->symbols, symbol, wanted);
    self->changed = true;
    http_source_wake(self);
}

static void http_subscribe(void *arg, text_t symbol)
{
    want(arg, symbol, true);
}

static void http_unsubscribe(void *arg, text_t symbol)
{
    want(arg, symbol, false);
}

const connector_t connector_http = {
    .name = "http",
    .check = http_check,
    .open = http_open,
    .connect = http_connect,
    .disconnect = http_disconnect,
    .subscribe = http_subscribe,
    .unsubscribe = http_unsubscribe,
    .close = http_close,
};
