#include "connectord/overlay/symbol_orders.h"

#include "common/log.h"
#include "common/secret.h"

#include <stdlib.h>

struct symbol_orders {
    const overlay_t *overlay;
    symbol_orders_events_t events;
    buffer_t token; /* as a JSON string, the form in which requests bring it */
    symbol_orders_counts_t counts;
};

/* changed: NULL where nothing was ordered. */
static void put_offered(const symbol_orders_t *self, const request_t *request, const bool *changed, buffer_t *answer)
{
    const source_config_t *config = self->events.find(self->events.arg, request->source);
    if (!config) {
        answer_error(answer, request, ERROR_INVALID_SOURCE, "Invalid source: %.*s", TEXT_ARG(request->source));
        return;
    }
    json_writer_t json = answer_begin(answer, request);
    json_put_text(&json, "source", config->name);
    if (changed)
        json_put_bool(&json, "changed", *changed);
    json_open_array(&json, "symbols");
    for (size_t i = 0; i < config->symbol_count; i++)
        json_put_text(&json, NULL, config->symbols[i]);
    json_close_array(&json);
    overlay_put(self->overlay, config->name, OVERLAY_ADDED, &json);
    overlay_put(self->overlay, config->name, OVERLAY_REMOVED, &json);
    json_close_object(&json);
}

static bool may(symbol_orders_t *self, const request_t *request, buffer_t *answer)
{
    static log_limit_t limit;
    text_t secret = buffer_text(&self->token);
    bool enabled = secret.length > 2;
    if (enabled && secret_equal(request->token, (text_t){secret.at + 1, secret.length - 2}))
        return true;
    self->counts.refused++;
    log_warn_limited(&limit, "overlay: an order was refused", LOG_SLICE("op", request->op),
                     LOG_SLICE("source", request->source), LOG_SLICE("symbol", request->symbol),
                     LOG_TEXT("reason", enabled ? "its token is wrong" : "connectord.token is not set"));
    answer_error(answer, request, ERROR_FORBIDDEN,
                 enabled ? "%.*s needs the token that is set as connectord.token"
                         : "%.*s is disabled: connectord.token is not set",
                 TEXT_ARG(request->op));
    return false;
}

static void put_refusal(const request_t *request, symbol_result_t result, buffer_t *answer)
{
    if (result == SYMBOL_TOO_MANY)
        answer_error(answer, request, ERROR_LIMIT,
                     "Too many symbols: expected at most %d of a source and %d changes, found one more", SOURCE_SYMBOLS_MAX,
                     OVERLAY_MAX);
    else
        answer_error(answer, request, ERROR_UNAVAILABLE,
                     "Not changed: the disk, the journal or the memory of connectord has no room");
}

/* That there is no such source is said first, to anybody: who does not know which of several connectords has it asks them all. */
static void carry_out(symbol_orders_t *self, const request_t *request, overlay_change_t change, buffer_t *answer)
{
    if (!self->events.find(self->events.arg, request->source)) {
        put_offered(self, request, NULL, answer);
        return;
    }
    if (!may(self, request, answer))
        return;
    self->counts.orders++;
    if (!overlay_takes(request->symbol)) {
        answer_error(answer, request, ERROR_INVALID_SYMBOL, "Invalid symbol: %.*s", TEXT_ARG(request->symbol));
        return;
    }
    symbol_result_t result = self->events.order(self->events.arg, request->source, request->symbol, change);
    if (result == SYMBOL_TOO_MANY || result == SYMBOL_UNAVAILABLE) {
        put_refusal(request, result, answer);
        return;
    }
    if (result == SYMBOL_CHANGED)
        log_info("overlay: changed", LOG_TEXT("change", change == OVERLAY_ADDED ? "added" : "removed"),
                 LOG_SLICE("source", request->source), LOG_SLICE("symbol", request->symbol));
    put_offered(self, request, &(bool){result == SYMBOL_CHANGED}, answer);
}

bool symbol_orders_answer(void *arg, const request_t *request, buffer_t *answer)
{
    symbol_orders_t *self = arg;
    if (text_equal(request->op, TEXT("offers")))
        put_offered(self, request, NULL, answer);
    else if (text_equal(request->op, TEXT("add")))
        carry_out(self, request, OVERLAY_ADDED, answer);
    else if (text_equal(request->op, TEXT("remove")))
        carry_out(self, request, OVERLAY_REMOVED, answer);
    else
        return false;
    return true;
}

bool symbol_orders_set_token(symbol_orders_t *self, const char *token)
{
    buffer_clear(&self->token);
    buffer_append_json_string(&self->token, text_of(token));
    if (buffer_ok(&self->token))
        return true;
    buffer_clear(&self->token);
    return false;
}

symbol_orders_t *symbol_orders_new(const overlay_t *overlay, const char *token, const symbol_orders_events_t *events)
{
    symbol_orders_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->overlay = overlay;
    self->events = *events;
    self->token = buffer_new(0);
    if (!symbol_orders_set_token(self, token))
        symbol_orders_destroy(&self);
    return self;
}

void symbol_orders_destroy(symbol_orders_t **self_ref)
{
    if (*self_ref)
        buffer_release(&(*self_ref)->token);
    free(*self_ref);
    *self_ref = NULL;
}

symbol_orders_counts_t symbol_orders_counts(const symbol_orders_t *self)
{
    return self->counts;
}
