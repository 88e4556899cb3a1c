#include "connectord/connectors/exchange_session.h"

#include "common/clock.h"

enum { CONNECT_MS = 10000, SAMPLE_MAX = 200, PROBE_MIN_MS = 1000 };

/* --- what is said --- */

/* One more that the exchange is to be told of, or NULL. */
static told_symbol_t *next_change(exchange_session_t *self)
{
    return told_symbol_is_due(&self->first) ? &self->first : told_symbols_next(&self->symbols);
}

/* Whoever unsubscribes and subscribes before the first has gone out is answered, too, unless the source leaves at an earlier answer. */
static void confirm_known(exchange_session_t *self)
{
    for (told_symbol_t *known; exchange_session_is_open(self) && (known = told_symbols_take_known(&self->symbols));)
        self->events->on_confirmed(self->arg, known->symbol, true);
}

static uint64_t limits_wait_ms(const exchange_session_t *self, int64_t now_ns)
{
    uint64_t wait_ms = limiter_wait_ms(&self->limiter, now_ns);
    uint64_t own_ms = self->protocol->messages > 0 ? limiter_wait_ms(&self->own, now_ns) : 0;
    return wait_ms > own_ms ? wait_ms : own_ms;
}

/* Sends one message, if there is one and it may go now; else sees to it that it is tried again. */
static void pump(void *arg)
{
    exchange_session_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    confirm_known(self);
    if (self->paused || !exchange_session_is_open(self))
        return; /* the timer runs, or the source has left when a symbol was confirmed */
    told_symbol_t *change = next_change(self);
    if (!change)
        return;
    uint64_t wait_ms = limits_wait_ms(self, now_ns);
    if (wait_ms > 0) {
        loop_timer_start(self->timer, wait_ms, 0);
        return;
    }
    limiter_take(&self->limiter, now_ns);
    if (self->protocol->messages > 0)
        limiter_take(&self->own, now_ns);
    self->protocol->tell(self, change);
    if (exchange_session_is_open(self) && next_change(self))
        ws_client_want_write(self->ws_client);
}

/* The pause is over: what was not confirmed is taken as not heard. */
static void end_pause(exchange_session_t *self)
{
    self->paused = false;
    told_symbol_unheard(&self->first);
    told_symbols_unheard(&self->symbols);
}

static void on_timer(void *arg)
{
    exchange_session_t *self = arg;
    if (self->paused)
        end_pause(self);
    ws_client_want_write(self->ws_client);
}

static void on_repeat(void *arg)
{
    exchange_session_say_first(arg);
}

static void stop_timers(exchange_session_t *self)
{
    loop_timer_stop(self->timer);
    loop_timer_stop(self->repeater);
}

void exchange_session_send(exchange_session_t *self, text_t message)
{
    ws_client_send(self->ws_client, message);
}

void exchange_session_say_first(exchange_session_t *self)
{
    self->first = (told_symbol_t){.wanted = true};
    ws_client_want_write(self->ws_client);
}

void exchange_session_repeat_first(exchange_session_t *self, uint32_t every_ms)
{
    loop_timer_start(self->repeater, every_ms, every_ms);
}

void exchange_session_probe(exchange_session_t *self, uint32_t most_ms)
{
    uint32_t third_ms = self->config->silence_ms / 3;
    uint32_t every_ms = third_ms < most_ms ? third_ms : most_ms;
    exchange_session_repeat_first(self, every_ms > PROBE_MIN_MS ? every_ms : PROBE_MIN_MS);
}

void exchange_session_pause(exchange_session_t *self, uint32_t pause_ms)
{
    self->paused = true;
    loop_timer_start(self->timer, pause_ms, 0);
}

static void want(exchange_session_t *self, text_t symbol, bool wanted)
{
    told_symbols_want(&self->symbols, symbol, wanted);
    ws_client_want_write(self->ws_client);
}

void exchange_session_subscribe(void *self, text_t symbol)
{
    want(self, symbol, true);
}

void exchange_session_unsubscribe(void *self, text_t symbol)
{
    want(self, symbol, false);
}

/* --- what is heard --- */

void exchange_session_confirm(exchange_session_t *self, told_symbol_t *symbol, bool subscribed)
{
    told_symbol_confirmed(symbol, subscribed);
    ws_client_want_write(self->ws_client); /* what is wanted may have changed meanwhile */
    self->events->on_confirmed(self->arg, symbol->symbol, subscribed);
}

/* `told` is what the exchange was told last: a subscribe, or an unsubscribe. */
static void settle_refused(exchange_session_t *self, told_symbol_t *symbol, text_t reason)
{
    if (!symbol->told) {
        exchange_session_confirm(self, symbol, false);
        return;
    }
    told_symbol_refused(symbol);
    self->events->on_rejected(self->arg, symbol->symbol, reason);
}

void exchange_session_refuse_one(exchange_session_t *self, told_symbol_t *symbol, text_t reason)
{
    for (told_symbol_t *other = NULL; (other = told_symbols_waiting(&self->symbols, symbol->request, other));)
        if (other != symbol)
            told_symbol_unheard(other);
    ws_client_want_write(self->ws_client);
    settle_refused(self, symbol, reason);
}

bool exchange_session_refuse(exchange_session_t *self, uint64_t request, text_t reason)
{
    told_symbol_t *first = told_symbols_waiting(&self->symbols, request, NULL);
    if (!first)
        return false;
    if (!told_symbols_waiting(&self->symbols, request, first)) {
        settle_refused(self, first, reason);
        return true;
    }
    for (told_symbol_t *told; (told = told_symbols_waiting(&self->symbols, request, NULL));) {
        told->alone = true;
        told_symbol_unheard(told);
    }
    ws_client_want_write(self->ws_client);
    return true;
}

void exchange_session_report(exchange_session_t *self, const char *reason, text_t sample)
{
    if (exchange_session_is_open(self))
        self->events->on_malformed(self->arg, reason, text_cut(sample, SAMPLE_MAX));
}

static void on_message(void *arg, text_t json)
{
    exchange_session_t *self = arg;
    self->protocol->on_message(self, json);
}

static void on_unreadable(void *arg, const char *reason, text_t sample)
{
    exchange_session_t *self = arg;
    self->protocol->on_unreadable(self, reason, sample);
}

/* --- the connection --- */

static void on_open(void *arg)
{
    exchange_session_t *self = arg;
    told_symbols_clear(&self->symbols);
    self->first = (told_symbol_t){0};
    self->paused = false;
    self->protocol->on_open(self);
    self->events->on_connected(self->arg);
}

static void on_closed(void *arg, const loss_t *loss)
{
    exchange_session_t *self = arg;
    stop_timers(self);
    self->events->on_lost(self->arg, loss);
}

static const ws_client_events_t ws_client_events = {
    .on_open = on_open,
    .on_message = on_message,
    .on_unreadable = on_unreadable,
    .on_writable = pump,
    .on_closed = on_closed,
};

bool exchange_session_open(exchange_session_t *self, const exchange_protocol_t *protocol, loop_t *loop, web_t *web,
                           const source_config_t *config, const connector_events_t *events, void *arg)
{
    const char *url = config->url[0] == '\0' && protocol->url ? protocol->url : config->url;
    const ws_client_config_t ws_client = {
        .url = url, .origin = protocol->origin, .ca = config->ca, .connect_ms = CONNECT_MS, .silence_ms = config->silence_ms};
    *self = (exchange_session_t){.config = config, .events = events, .arg = arg, .protocol = protocol};
    self->out = buffer_new(WS_CLIENT_SEND_MAX);
    self->limiter = limiter_new(config->messages_per_minute, clock_mono_ns());
    if (protocol->messages > 0)
        self->own = limiter_new_within(protocol->messages, protocol->interval_ms, clock_mono_ns());
    return (self->timer = loop_timer_new(loop, on_timer, self)) && (self->repeater = loop_timer_new(loop, on_repeat, self)) &&
           told_symbols_init(&self->symbols) &&
           (self->ws_client = ws_client_new(loop, web, &ws_client, &ws_client_events, self));
}

void exchange_session_release(exchange_session_t *self)
{
    ws_client_destroy(&self->ws_client);
    loop_timer_destroy(&self->timer);
    loop_timer_destroy(&self->repeater);
    told_symbols_release(&self->symbols);
    buffer_release(&self->out);
}

void exchange_session_connect(void *arg)
{
    exchange_session_t *self = arg;
    ws_client_connect(self->ws_client);
}

void exchange_session_disconnect(void *arg)
{
    exchange_session_t *self = arg;
    stop_timers(self);
    ws_client_disconnect(self->ws_client);
}

bool exchange_session_is_open(const exchange_session_t *self)
{
    return ws_client_is_open(self->ws_client);
}
