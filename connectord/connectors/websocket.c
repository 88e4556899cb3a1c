/* The connector "websocket": any source that speaks JSON over a WebSocket, by a definition of a file (proto/source.md): how it is spoken with
 * (mapping/protocol.h), and how its messages become records (mapping/mapping.h).
 *
 *     {"websocket": {"subscribe": …, "confirmed": …, …}, "mapping": {"where": …, "symbol": …, …}}
 */
#include "common/buffer.h"
#include "common/clock.h"
#include "common/log.h"
#include "connectord/connectors/connector.h"
#include "connectord/connectors/gaps.h"
#include "connectord/connectors/limiter.h"
#include "connectord/connectors/source_definition.h"
#include "connectord/connectors/told_symbols.h"
#include "connectord/websocket/ws_client.h"

#include <stdio.h>
#include <stdlib.h>

static const schema_key_t settings[] = {
    {SCHEMA_SOURCE "definition", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "", .reread = true,
     .help = "The file that says how the source speaks, with connectors websocket and http (deploy/sources has some)"},
};

enum { CONNECT_MS = 10000, SAMPLE_MAX = 200 };

typedef struct {
    const source_config_t *config;
    const connector_events_t *events;
    void *arg;
    source_definition_t definition;
    ws_client_t *ws_client;
    loop_timer_t *timer, *pinger; /* sends what had to wait; pings */
    told_symbols_t symbols;
    table_t *
        by_id; /* may be NULL when memory ran out: told_symbol_t, by what the source calls a subscription since it confirmed it */
    limiter_t limiter;
    bool ping_is_due;
    buffer_t out;
} websocket_t;

/* --- what is said --- */

static void say(websocket_t *self, text_t message)
{
    if (message.length > 0 && message.length <= WS_CLIENT_SEND_MAX)
        ws_client_send(self->ws_client, message);
    else
        log_error("websocket: a message is too long to be sent", LOG_SLICE("source", self->config->name),
                  LOG_U64("bytes", message.length), LOG_U64("at_most", WS_CLIENT_SEND_MAX));
}

static void confirm_known(websocket_t *self)
{
    for (told_symbol_t *known; (known = told_symbols_take_known(&self->symbols));)
        self->events->on_confirmed(self->arg, known->symbol, true);
}

static void confirm(websocket_t *self, told_symbol_t *symbol, bool subscribed)
{
    told_symbol_confirmed(symbol, subscribed);
    ws_client_want_write(self->ws_client); /* what is wanted may have changed meanwhile */
    self->events->on_confirmed(self->arg, symbol->symbol, subscribed);
}

/* Of what the source does not confirm nobody knows more than that it was asked for. */
static void tell(websocket_t *self, told_symbol_t *change)
{
    bool subscribe = change->wanted;
    if (spelling_native(protocol_spelling(self->definition.protocol), change->symbol).length == 0) {
        told_symbol_refused(change);
        self->events->on_rejected(self->arg, change->symbol, TEXT("the definition has no name for it"));
        return;
    }
    if (subscribe || protocol_unsubscribes(self->definition.protocol)) {
        buffer_clear(&self->out);
        protocol_print(self->definition.protocol, subscribe, change->symbol, text_of(self->config->token), &self->out);
        say(self, buffer_text(&self->out));
    }
    told_symbol_sent(change);
    if (!protocol_confirms(self->definition.protocol, subscribe))
        confirm(self, change, subscribe);
}

/* Sends one message, if there is one and it may go now; else sees to it that it is tried again. */
static void pump(void *arg)
{
    websocket_t *self = arg;
    uint32_t every_ms;
    int64_t now_ns = clock_mono_ns();
    confirm_known(self);
    told_symbol_t *change = told_symbols_next(&self->symbols);
    bool ping = self->ping_is_due;
    if (!change && !ping)
        return;
    if (!limiter_take(&self->limiter, now_ns)) {
        loop_timer_start(self->timer, limiter_wait_ms(&self->limiter, now_ns), 0);
        return;
    }
    if (ping)
        say(self, protocol_ping(self->definition.protocol, &every_ms));
    else
        tell(self, change);
    self->ping_is_due = false;
    if (ws_client_is_open(self->ws_client) && told_symbols_next(&self->symbols))
        ws_client_want_write(self->ws_client);
}

static void on_timer(void *arg)
{
    websocket_t *self = arg;
    ws_client_want_write(self->ws_client);
}

static void on_ping(void *arg)
{
    websocket_t *self = arg;
    self->ping_is_due = true;
    ws_client_want_write(self->ws_client);
}

/* --- what is heard --- */

static void report_malformed(void *arg, const char *reason, text_t sample)
{
    websocket_t *self = arg;
    if (ws_client_is_open(self->ws_client))
        self->events->on_malformed(self->arg, reason, text_cut(sample, SAMPLE_MAX));
}

static told_symbol_t *find(const websocket_t *self, text_t channel, text_t native)
{
    told_symbol_t *named = self->by_id ? table_get(self->by_id, native) : NULL;
    const spelling_t *spelling = protocol_spelling(self->definition.protocol);
    return named ? named : told_symbols_find(&self->symbols, spelling_subject(spelling, channel, native));
}

/* Who asked for every key of the channel. */
static const told_symbol_t *find_any(const websocket_t *self, text_t channel)
{
    char subject[SUBJECT_MAX];
    return told_symbols_find(&self->symbols, (text_t){subject, subject_print(subject, channel, TEXT("*"))});
}

/* Records of a symbol that nobody asked for, or has left, are not wanted. */
static bool on_key(void *arg, text_t channel, text_t native, text_t *key)
{
    const told_symbol_t *symbol = find(arg, channel, native);
    *key = native;
    if (!symbol)
        symbol = find_any(arg, channel);
    else
        subject_split(symbol->symbol, &channel, key);
    return symbol && symbol->open;
}

static void on_record(void *arg, const mapping_record_t *record)
{
    websocket_t *self = arg;
    trade_t trade = record->trade;
    trade.received_ns = clock_real_ns();
    trade.timestamp_ns = record->timestamp_ns;
    if (ws_client_is_open(self->ws_client)) /* else the source has left at an earlier one of the message */
        self->events->on_trade(self->arg, &trade);
}

static void refuse(websocket_t *self, told_symbol_t *symbol, text_t reason)
{
    if (!symbol)
        symbol = told_symbols_only_waiting(&self->symbols);
    if (symbol)
        told_symbol_refused(symbol);
    self->events->on_rejected(self->arg, symbol ? symbol->symbol : TEXT(""), reason);
}

/* A reply does not say of which channel it is: of those of the name it is for one that waits. */
static told_symbol_t *find_replied(const websocket_t *self, text_t native)
{
    const spelling_t *spelling = protocol_spelling(self->definition.protocol);
    told_symbol_t *found = self->by_id ? table_get(self->by_id, native) : NULL, *symbol;
    text_t subject = spelling_subject_at(spelling, native, 0);
    for (size_t i = 0; subject.length > 0 && !(found && found->waiting); subject = spelling_subject_at(spelling, native, ++i))
        if ((symbol = told_symbols_find(&self->symbols, subject)) && (!found || symbol->waiting))
            found = symbol;
    return found;
}

static void on_reply(void *arg, protocol_reply_t reply, text_t native, text_t id, text_t reason)
{
    websocket_t *self = arg;
    told_symbol_t *symbol = find_replied(self, native);
    if (!ws_client_is_open(self->ws_client))
        return;
    if (reply == PROTOCOL_REFUSED) {
        refuse(self, symbol, reason);
        return;
    }
    if (!symbol)
        symbol = told_symbols_only_waiting(&self->symbols);
    if (!symbol)
        return;
    if (reply == PROTOCOL_CONFIRMED && id.length > 0 && !(self->by_id && table_put(self->by_id, id, symbol)))
        return; /* without memory it counts as unheard */
    confirm(self, symbol, reply == PROTOCOL_CONFIRMED);
}

static const mapping_events_t mapping_events = {.record = on_record, .fault = report_malformed, .key = on_key};

/* Most messages are records: only what is for no rule of the mapping may be a reply. */
static void on_message(void *arg, text_t json)
{
    websocket_t *self = arg;
    mapping_t *mapping = self->definition.mapping;
    uint64_t others = mapping_counts(mapping)->other_messages;
    mapping_run(mapping, json, clock_real_ns(), &mapping_events, self);
    if (mapping_counts(mapping)->other_messages > others)
        protocol_read(self->definition.protocol, json, on_reply, self);
}

/* --- the connection --- */

/* They were of the connection before. */
static void forget_ids(websocket_t *self)
{
    table_destroy(&self->by_id);
    self->by_id = table_new();
}

static void on_open(void *arg)
{
    websocket_t *self = arg;
    uint32_t every_ms;
    told_symbols_clear(&self->symbols);
    forget_ids(self);
    self->ping_is_due = false;
    if (protocol_ping(self->definition.protocol, &every_ms).length > 0)
        loop_timer_start(self->pinger, every_ms, every_ms);
    self->events->on_connected(self->arg);
}

static void stop_timers(websocket_t *self)
{
    loop_timer_stop(self->timer);
    loop_timer_stop(self->pinger);
}

static void on_closed(void *arg, const loss_t *loss)
{
    websocket_t *self = arg;
    stop_timers(self);
    self->events->on_lost(self->arg, loss);
}

static const ws_client_events_t ws_client_events = {
    .on_open = on_open,
    .on_message = on_message,
    .on_unreadable = report_malformed,
    .on_writable = pump,
    .on_closed = on_closed,
};

static void websocket_close(void *arg)
{
    websocket_t *self = arg;
    if (!self)
        return;
    ws_client_destroy(&self->ws_client);
    loop_timer_destroy(&self->timer);
    loop_timer_destroy(&self->pinger);
    told_symbols_release(&self->symbols);
    table_destroy(&self->by_id);
    source_definition_release(&self->definition);
    buffer_release(&self->out);
    free(self);
}

static bool websocket_check(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX])
{
    char why[SOURCE_DEFINITION_ERROR_MAX];
    source_definition_t definition;
    const char *path = source_config_setting(config, "definition")->text;
    bool good = source_definition_read(&definition, path, why);
    if (!good)
        snprintf(error, CONNECTOR_ERROR_MAX, "definition: %.400s: %s", path, why);
    source_definition_release(&definition);
    return good && connector_check_websocket(config, error);
}

static bool open_definition(websocket_t *self)
{
    char error[SOURCE_DEFINITION_ERROR_MAX];
    const char *path = source_config_setting(self->config, "definition")->text;
    if (source_definition_read(&self->definition, path, error))
        return true;
    log_error("websocket: the definition can't be used", LOG_SLICE("source", self->config->name), LOG_TEXT("definition", path),
              LOG_TEXT("error", error));
    return false;
}

static void *websocket_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events,
                            void *arg)
{
    websocket_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = config;
    self->events = events;
    self->arg = arg;
    self->out = buffer_new(WS_CLIENT_SEND_MAX);
    self->limiter = limiter_new(config->messages_per_minute, clock_mono_ns());
    ws_client_config_t ws_client = {
        .url = config->url, .origin = "", .ca = config->ca, .connect_ms = CONNECT_MS, .silence_ms = config->silence_ms};
    if (open_definition(self) && (self->timer = loop_timer_new(loop, on_timer, self)) &&
        (self->pinger = loop_timer_new(loop, on_ping, self)) && told_symbols_init(&self->symbols) &&
        (self->by_id = table_new()) && (self->ws_client = ws_client_new(loop, web, &ws_client, &ws_client_events, self)))
        return self;
    log_error("websocket: not started", LOG_SLICE("source", config->name));
    websocket_close(self);
    return NULL;
}

static void websocket_connect(void *arg)
{
    websocket_t *self = arg;
    ws_client_connect(self->ws_client);
}

static void websocket_disconnect(void *arg)
{
    websocket_t *self = arg;
    stop_timers(self);
    ws_client_disconnect(self->ws_client);
}

/* A symbol that the source has no name for is refused when its turn comes: from the loop. */
static void want(websocket_t *self, text_t symbol, bool wanted)
{
    char error[TEMPLATE_ERROR_MAX];
    if (wanted && !spelling_add(protocol_spelling(self->definition.protocol), symbol, error))
        log_warn("websocket: a symbol has no name at the source", LOG_SLICE("source", self->config->name),
                 LOG_TEXT("error", error));
    told_symbols_want(&self->symbols, symbol, wanted);
    ws_client_want_write(self->ws_client);
}

static void websocket_subscribe(void *arg, text_t symbol)
{
    want(arg, symbol, true);
}

static void websocket_unsubscribe(void *arg, text_t symbol)
{
    want(arg, symbol, false);
}

const connector_t connector_websocket = {
    .name = "websocket",
    .settings = settings,
    .setting_count = sizeof settings / sizeof *settings,
    .check = websocket_check,
    .open = websocket_open,
    .connect = websocket_connect,
    .disconnect = websocket_disconnect,
    .subscribe = websocket_subscribe,
    .unsubscribe = websocket_unsubscribe,
    .close = websocket_close,
};
