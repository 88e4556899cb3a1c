/* The connector "binance": Binance's WebSocket market streams, spot (binance_message.h has its messages, binance_past.h what can be asked about the past).
 *
 * Where nothing is traded the exchange says nothing for 20 s, which is longer than a dead connection is to be taken for a silent one: it is asked for a property now
 * and then, so that it answers.
 *
 * Symbols are BASE-QUOTE here and BASEQUOTE there. The exchange grants a stream of any name: a symbol that it does not trade is subscribed, and silent.
 */
#include "common/clock.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "connectord/connectors/exchange_spread.h"
#include "connectord/exchanges/binance_message.h"
#include "connectord/exchanges/binance_past.h"
#include "connectord/exchanges/native_names.h"

#include <stdio.h>
#include <stdlib.h>

#define STREAM_ENDING "@trade"

enum {
    BATCH_MAX = 100,        /* symbols of a request */
    REQUEST_HEAD_MAX = 128, /* bytes of it without them */
    STREAM_MAX = SYMBOL_MAX + sizeof STREAM_ENDING - 1,
    LIVES_MS = 24 * 3600000, /* a connection is cut then */
    SYMBOLS_MAX = 1024,      /* streams that a connection takes */
    PROBE_MAX_MS = 10000     /* from one question for the property to the next, at most */
};

_Static_assert(REQUEST_HEAD_MAX + BATCH_MAX * (STREAM_MAX + 3) <= WS_CLIENT_SEND_MAX, "a request fits into a message");

typedef struct {
    exchange_spread_t spread;
    native_names_t names;
    uint64_t request; /* the number of the last one */
    binance_message_t message;
} binance_t;

static binance_t *binance_of(exchange_session_t *session)
{
    return (binance_t *)exchange_spread_of(session);
}

/* --- what is said --- */

static bool is_used(const binance_t *self, text_t symbol)
{
    const told_symbol_t *told = exchange_spread_find(&self->spread, symbol);
    return told && (told->wanted || told->open);
}

/* Has the exchange a name for it that no other symbol goes by? */
static bool claim_name(binance_t *self, told_symbols_t *symbols, told_symbol_t *told, char reason[static 2 * SYMBOL_MAX + 40])
{
    char out[SYMBOL_MAX];
    text_t name = {out, binance_name_print(out, told->symbol)};
    text_t other = native_names_symbol(&self->names, name);
    if (!text_equal(other, told->symbol) && is_used(self, other)) {
        snprintf(reason, 2 * SYMBOL_MAX + 40, "%.*s is %.*s already", TEXT_ARG(name), TEXT_ARG(other));
        return false;
    }
    snprintf(reason, 2 * SYMBOL_MAX + 40, "out of memory");
    return native_names_put(&self->names, name, told->symbol) && told_symbols_name(symbols, told, name);
}

/* Leaves out of the batch what has no name, and the source is told why. How many remain. */
static size_t claim_names(binance_t *self, exchange_session_t *session, told_symbol_t *batch[], size_t count)
{
    size_t claimed = 0;
    char reason[2 * SYMBOL_MAX + 40];
    for (size_t i = 0; i < count && exchange_session_is_open(session); i++) {
        if (claim_name(self, &session->symbols, batch[i], reason)) {
            batch[claimed++] = batch[i];
            continue;
        }
        told_symbol_refused(batch[i]);
        session->events->on_rejected(session->arg, batch[i]->symbol, text_of(reason));
    }
    return claimed;
}

static text_t print_stream(char out[static STREAM_MAX], text_t symbol)
{
    size_t length = binance_name_print(out, symbol);
    for (size_t i = 0; i < length; i++)
        out[i] = out[i] >= 'A' && out[i] <= 'Z' ? (char)(out[i] - 'A' + 'a') : out[i];
    memcpy(out + length, STREAM_ENDING, sizeof STREAM_ENDING - 1);
    return (text_t){out, length + sizeof STREAM_ENDING - 1};
}

static void print_request(buffer_t *out, told_symbol_t *const batch[], size_t count, uint64_t request)
{
    char stream[STREAM_MAX];
    buffer_clear(out);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "method", batch[0]->wanted ? TEXT("SUBSCRIBE") : TEXT("UNSUBSCRIBE"));
    json_open_array(&json, "params");
    for (size_t i = 0; i < count; i++)
        json_put_text(&json, NULL, print_stream(stream, batch[i]->symbol));
    json_close_array(&json);
    json_put_u64(&json, "id", request);
    json_close_object(&json);
}

static void print_question(buffer_t *out, uint64_t request)
{
    buffer_clear(out);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "method", TEXT("GET_PROPERTY"));
    json_open_array(&json, "params");
    json_put_text(&json, NULL, TEXT("combined"));
    json_close_array(&json);
    json_put_u64(&json, "id", request);
    json_close_object(&json);
}

/* Whatever is answered will do. */
static void probe(binance_t *self, exchange_session_t *session)
{
    print_question(&session->out, ++self->request);
    exchange_session_send(session, buffer_text(&session->out));
    told_symbol_sent(&session->first);
}

static void tell_symbols(binance_t *self, exchange_session_t *session, told_symbol_t *change)
{
    told_symbol_t *batch[BATCH_MAX];
    size_t count = told_symbols_batch(&session->symbols, change, batch, BATCH_MAX);
    if (change->wanted)
        count = claim_names(self, session, batch, count);
    if (count == 0 || !exchange_session_is_open(session))
        return;
    print_request(&session->out, batch, count, ++self->request);
    exchange_session_send(session, buffer_text(&session->out));
    for (size_t i = 0; i < count; i++) {
        batch[i]->request = self->request;
        told_symbol_sent(batch[i]);
    }
}

static void tell(void *arg, told_symbol_t *change)
{
    exchange_session_t *session = arg;
    binance_t *self = binance_of(session);
    if (change == &session->first)
        probe(self, session);
    else
        tell_symbols(self, session, change);
}

static void on_open(void *arg)
{
    exchange_session_probe(arg, PROBE_MAX_MS);
}

/* --- what is heard --- */

static bool take_trade(binance_t *self, exchange_session_t *session)
{
    binance_message_t *message = &self->message;
    told_symbol_t *told = told_symbols_named(&session->symbols, message->symbol);
    if (!told || !told->open)
        return fields_wrong(&message->outer, "s: %.*s is not subscribed", TEXT_ARG(message->symbol));
    message->trade.symbol = told->symbol;
    message->trade.received_ns = clock_real_ns();
    session->events->on_trade(session->arg, &message->trade, &told->memo);
    return true;
}

/* The source may leave at each of them. An answer that nobody waits for any longer is late. */
static void take_grant(exchange_session_t *session, uint64_t request)
{
    told_symbol_t *told;
    while (exchange_session_is_open(session) && (told = told_symbols_waiting(&session->symbols, request, NULL)))
        exchange_session_confirm(session, told, told->told);
}

static void take_refusal(exchange_session_t *session, const binance_message_t *message)
{
    if (message->numbered)
        exchange_session_refuse(session, message->request, message->text);
    else
        session->events->on_rejected(session->arg, TEXT(""), message->text);
}

/* False with the reason when the message is not to be used. */
static bool take(binance_t *self, exchange_session_t *session)
{
    const binance_message_t *message = &self->message;
    switch (message->kind) {
    case BINANCE_TRADE:
        return take_trade(self, session);
    case BINANCE_GRANTED:
        if (message->numbered)
            take_grant(session, message->request);
        return true;
    case BINANCE_REFUSED:
        take_refusal(session, message);
        return true;
    case BINANCE_SHUTDOWN: /* the source connects again, before it happens */
        exchange_spread_lose(&self->spread, "the server shuts down");
        return true;
    case BINANCE_OTHER:
        break;
    }
    return true;
}

static void on_message(void *arg, text_t json)
{
    exchange_session_t *session = arg;
    binance_t *self = binance_of(session);
    session->events->on_received(session->arg, json, clock_real_ns());
    if (!binance_message_read(&self->message, json) || !take(self, session))
        exchange_session_report(session, self->message.outer.reason, json);
}

static void on_unreadable(void *arg, const char *reason, text_t sample)
{
    exchange_session_report(arg, reason, sample);
}

/* It takes five messages a second, and pongs are among them. */
static const exchange_protocol_t binance_protocol = {
    .url = "wss://stream.binance.com:9443/stream?timeUnit=MICROSECOND",
    .origin = "",
    .messages = 4,
    .interval_ms = 1000,
    .symbols = SYMBOLS_MAX,
    .on_open = on_open,
    .tell = tell,
    .on_message = on_message,
    .on_unreadable = on_unreadable,
};

/* --- the connector --- */

static void binance_close(void *arg)
{
    binance_t *self = arg;
    if (!self)
        return;
    exchange_spread_release(&self->spread);
    native_names_release(&self->names);
    free(self);
}

static void *binance_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg)
{
    binance_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    if (native_names_init(&self->names) &&
        exchange_spread_open(&self->spread, &binance_protocol, loop, web, config, events, arg))
        return self;
    log_error("binance: not started", LOG_SLICE("source", config->name));
    binance_close(self);
    return NULL;
}

const connector_t connector_binance = {
    .name = "binance",
    .misses = true,
    .past = &binance_past,
    .lives_ms = LIVES_MS,
    .check = connector_check_websocket,
    .open = binance_open,
    .connect = exchange_spread_connect,
    .disconnect = exchange_spread_disconnect,
    .subscribe = exchange_spread_subscribe,
    .unsubscribe = exchange_spread_unsubscribe,
    .close = binance_close,
};
