/* The connector "websocket": any source that speaks JSON over a WebSocket, by a definition of a file (proto/source.md): how it is spoken with
 * (mapping/protocol.h), and how its messages become records (mapping/mapping.h).
 *
 *     {"websocket": {"subscribe": …, "confirmed": …, …}, "mapping": {"where": …, "symbol": …, …}}
 */
#include "common/clock.h"
#include "common/log.h"
#include "connectord/connectors/exchange_session.h"
#include "connectord/connectors/gaps.h"
#include "connectord/connectors/source_definition.h"
#include "connectord/mapping/continuity.h"

#include <stdio.h>
#include <stdlib.h>

static const schema_key_t settings[] = {
    {SCHEMA_SOURCE "definition", KEY_TEXT, FORMAT_PATH, .optional = true, .initial = "", .reread = true,
     .help = "The file that says how the source speaks (connectors websocket and http; deploy/sources has some) or spoke "
             "(replay), or what is posted means (push)"},
};

typedef struct {
    exchange_session_t session; /* its `first` is the ping */
    source_definition_t definition;
    table_t *by_id; /* told_symbol_t, by what the source calls a subscription since it confirmed it; NULL when memory ran out */
    gaps_t gaps;    /* of messages, where the definition has a sequence */
    continuity_t *continuity; /* of records, where it has one */
    bool broken;              /* in the present message something shows that one is missing: */
    uint64_t expected, found;
} websocket_t;

/* --- what is said --- */

static void say(websocket_t *self, text_t message)
{
    if (message.length > 0 && message.length <= WS_CLIENT_SEND_MAX)
        exchange_session_send(&self->session, message);
    else
        log_error("websocket: a message is too long to be sent", LOG_SLICE("source", self->session.config->name),
                  LOG_U64("bytes", message.length), LOG_U64("at_most", WS_CLIENT_SEND_MAX));
}

/* Of what the source does not confirm nobody knows more than that it was asked for. */
static void tell_symbol(websocket_t *self, told_symbol_t *change)
{
    exchange_session_t *session = &self->session;
    protocol_t *protocol = self->definition.protocol;
    bool subscribe = change->wanted;
    if (spelling_native(protocol_spelling(protocol), change->symbol).length == 0) {
        told_symbol_refused(change);
        session->events->on_rejected(session->arg, change->symbol, TEXT("the definition has no name for it"));
        return;
    }
    if (subscribe || protocol_unsubscribes(protocol)) {
        buffer_clear(&session->out);
        protocol_print(protocol, subscribe, change->symbol, text_of(session->config->token), &session->out);
        say(self, buffer_text(&session->out));
    }
    told_symbol_sent(change);
    if (!protocol_confirms(protocol, subscribe))
        exchange_session_confirm(session, change, subscribe);
}

static void tell(void *arg, told_symbol_t *change)
{
    websocket_t *self = arg;
    uint32_t every_ms;
    if (change != &self->session.first) {
        tell_symbol(self, change);
        return;
    }
    say(self, protocol_ping(self->definition.protocol, &every_ms));
    told_symbol_sent(change);
}

/* --- what is heard --- */

static void report_malformed(void *arg, const char *reason, text_t sample)
{
    exchange_session_report(arg, reason, sample);
}

static told_symbol_t *find(const websocket_t *self, text_t channel, text_t native)
{
    told_symbol_t *named = self->by_id ? table_get(self->by_id, native) : NULL;
    const spelling_t *spelling = protocol_spelling(self->definition.protocol);
    return named ? named : told_symbols_find(&self->session.symbols, spelling_subject(spelling, channel, native));
}

/* Who asked for every key of the channel. */
static const told_symbol_t *find_any(const websocket_t *self, text_t channel)
{
    char subject[SUBJECT_MAX];
    size_t length = subject_print(subject, channel, TEXT("*"));
    return told_symbols_find(&self->session.symbols, (text_t){subject, length});
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

/* The first one counts: what comes behind it goes on from there. */
static void break_off(websocket_t *self, uint64_t expected, uint64_t found)
{
    if (self->broken)
        return;
    self->broken = true;
    self->expected = expected;
    self->found = found;
}

static void on_record(void *arg, const mapping_record_t *record)
{
    websocket_t *self = arg;
    trade_t trade = record->trade;
    trade.received_ns = clock_real_ns();
    trade.timestamp_ns = record->timestamp_ns;
    if (exchange_session_is_open(&self->session)) /* else the source has left at an earlier one of the message */
        self->session.events->on_trade(self->session.arg, &trade, NULL);
    uint64_t expected;
    if (!continuity_goes_on(self->continuity, record, &expected))
        break_off(self, expected, record->number);
}

static void refuse(websocket_t *self, told_symbol_t *symbol, text_t reason)
{
    if (!symbol)
        symbol = told_symbols_only_waiting(&self->session.symbols);
    if (symbol)
        told_symbol_refused(symbol);
    self->session.events->on_rejected(self->session.arg, symbol ? symbol->symbol : TEXT(""), reason);
}

/* A reply does not say of which channel it is: of those of the name it is for one that waits. */
static told_symbol_t *find_replied(const websocket_t *self, text_t native)
{
    const spelling_t *spelling = protocol_spelling(self->definition.protocol);
    told_symbol_t *found = self->by_id ? table_get(self->by_id, native) : NULL, *symbol;
    text_t subject = spelling_subject_at(spelling, native, 0);
    for (size_t i = 0; subject.length > 0 && !(found && found->waiting); subject = spelling_subject_at(spelling, native, ++i))
        if ((symbol = told_symbols_find(&self->session.symbols, subject)) && (!found || symbol->waiting))
            found = symbol;
    return found;
}

static void on_reply(void *arg, protocol_reply_t reply, text_t native, text_t id, text_t reason)
{
    websocket_t *self = arg;
    told_symbol_t *symbol = find_replied(self, native);
    if (!exchange_session_is_open(&self->session))
        return;
    if (reply == PROTOCOL_REFUSED) {
        refuse(self, symbol, reason);
        return;
    }
    if (!symbol)
        symbol = told_symbols_only_waiting(&self->session.symbols);
    if (!symbol)
        return;
    if (reply == PROTOCOL_CONFIRMED && id.length > 0 && !(self->by_id && table_put(self->by_id, id, symbol)))
        return; /* without memory it counts as unheard */
    if (reply == PROTOCOL_CONFIRMED && id.length > 0)
        self->session.events->on_mark(self->session.arg,
                                      &(recorded_line_t){.kind = RECORDED_NAME, .subject = symbol->symbol, .id = id});
    exchange_session_confirm(&self->session, symbol, reply == PROTOCOL_CONFIRMED);
}

static const mapping_events_t mapping_events = {.record = on_record, .fault = report_malformed, .key = on_key};

/* Where the source numbers all that it sends. */
static void look_at_sequence(websocket_t *self, text_t json)
{
    uint64_t number, expected;
    protocol_numbering_t numbering = protocol_number(self->definition.protocol, json, &number);
    if (numbering == PROTOCOL_UNREADABLE)
        gaps_unread(&self->gaps);
    if (numbering != PROTOCOL_NUMBERED)
        return;
    gaps_verdict_t verdict = gaps_check(&self->gaps, number, &expected);
    if (verdict == GAPS_HOLE || verdict == GAPS_RESTARTED)
        break_off(self, expected, number);
}

/* Most messages are records: only what is for no rule of the mapping may be a reply. The message first, and then the hole before it: the source reconnects
 * upon a hole, and the message is good. */
static void on_message(void *arg, text_t json)
{
    websocket_t *self = arg;
    self->broken = false;
    mapping_t *mapping = self->definition.mapping;
    uint64_t others = mapping_counts(mapping)->other_messages;
    int64_t received_ns = clock_real_ns();
    self->session.events->on_received(self->session.arg, json, received_ns);
    mapping_run(mapping, json, received_ns, &mapping_events, self);
    if (mapping_counts(mapping)->other_messages > others)
        protocol_read(self->definition.protocol, json, on_reply, self);
    look_at_sequence(self, json);
    if (self->broken && exchange_session_is_open(&self->session))
        self->session.events->on_gap(self->session.arg, self->expected, self->found);
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
    forget_ids(self);
    self->gaps = (gaps_t){0};
    continuity_begin(self->continuity);
    if (protocol_ping(self->definition.protocol, &every_ms).length > 0)
        exchange_session_repeat_first(&self->session, every_ms);
}

static const exchange_protocol_t websocket_protocol = {
    .origin = "",
    .on_open = on_open,
    .tell = tell,
    .on_message = on_message,
    .on_unreadable = report_malformed,
};

static void websocket_close(void *arg)
{
    websocket_t *self = arg;
    if (!self)
        return;
    exchange_session_release(&self->session);
    table_destroy(&self->by_id);
    continuity_destroy(&self->continuity);
    source_definition_release(&self->definition);
    free(self);
}

static const char *definition_path(const source_config_t *config)
{
    return source_config_setting(config, "definition")->text;
}

/* source_definition_release after it, in any case. */
static bool read_definition(source_definition_t *self, const source_config_t *config,
                            char why[static SOURCE_DEFINITION_ERROR_MAX])
{
    return source_definition_read(self, definition_path(config), why);
}

static bool websocket_check(const source_config_t *config, char error[static CONNECTOR_ERROR_MAX])
{
    char why[SOURCE_DEFINITION_ERROR_MAX];
    source_definition_t definition;
    bool good = read_definition(&definition, config, why);
    if (!good)
        snprintf(error, CONNECTOR_ERROR_MAX, "definition: %.400s: %s", definition_path(config), why);
    source_definition_release(&definition);
    return good && connector_check_websocket(config, error);
}

static void *websocket_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events,
                            void *arg)
{
    char why[SOURCE_DEFINITION_ERROR_MAX];
    websocket_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    if (!read_definition(&self->definition, config, why))
        log_error("websocket: the definition can't be used", LOG_SLICE("source", config->name),
                  LOG_TEXT("definition", definition_path(config)), LOG_TEXT("error", why));
    else if ((self->by_id = table_new()) && (self->continuity = continuity_new()) &&
             exchange_session_open(&self->session, &websocket_protocol, loop, web, config, events, arg))
        return self;
    log_error("websocket: not started", LOG_SLICE("source", config->name));
    websocket_close(self);
    return NULL;
}

/* A symbol that the source has no name for is refused when its turn comes: from the loop. */
static void websocket_subscribe(void *arg, text_t symbol)
{
    websocket_t *self = arg;
    char error[TEMPLATE_ERROR_MAX];
    if (!spelling_add(protocol_spelling(self->definition.protocol), symbol, error))
        log_warn("websocket: a symbol has no name at the source", LOG_SLICE("source", self->session.config->name),
                 LOG_TEXT("error", error));
    exchange_session_subscribe(self, symbol);
}

const connector_t connector_websocket = {
    .name = "websocket",
    .misses = true,
    .settings = settings,
    .setting_count = sizeof settings / sizeof *settings,
    .check = websocket_check,
    .open = websocket_open,
    .connect = exchange_session_connect,
    .disconnect = exchange_session_disconnect,
    .subscribe = websocket_subscribe,
    .unsubscribe = exchange_session_unsubscribe,
    .close = websocket_close,
};
