/* The connector "kraken": Kraken's WebSocket API v2 (kraken_message.h has its messages), channel trade. What was missed is asked for as kraken_past.h says.
 *
 * A message tells of many symbols, and is answered for each of them. When it throttles, all that waits for an answer is sent again after a pause.
 */
#include "common/clock.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "connectord/connectors/exchange_session.h"
#include "connectord/exchanges/kraken_message.h"
#include "connectord/exchanges/kraken_past.h"
#include "connectord/exchanges/kraken_symbol.h"

#include <stdlib.h>

#define KRAKEN_URL "wss://ws.kraken.com/v2"

/* How much it takes is not documented but as "depends on the load": its support named 20 messages a second, sent and received. There is no limit of
 * symbols in the documentation. It closes what is idle for a minute, and says nothing where nothing is subscribed. */
enum { MESSAGES = 5, INTERVAL_MS = 1000, BATCH_MAX = 100, PING_MAX_MS = 30000, THROTTLE_PAUSE_MS = 10000 };

_Static_assert(BATCH_MAX *(SYMBOL_MAX + sizeof "\"\",") + 200 <= WS_CLIENT_SEND_MAX, "the longest request fits");

typedef struct {
    exchange_session_t session; /* its `first` is the ping */
    uint64_t requests;          /* their number, as long as the process runs */
    log_limit_t status_limit;
    kraken_message_t message;
} kraken_t;

/* --- what is said --- */

static void print_symbols(json_writer_t *json, told_symbol_t *const batch[], size_t count)
{
    char spelling[SYMBOL_MAX] = "";
    json_open_array(json, "symbol");
    for (size_t i = 0; i < count; i++)
        json_put_text(json, NULL, (text_t){spelling, kraken_symbol_print(spelling, batch[i]->symbol)});
    json_close_array(json);
}

static void print_request(buffer_t *out, uint64_t number, told_symbol_t *const batch[], size_t count)
{
    bool subscribe = batch[0]->wanted;
    buffer_clear(out);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "method", subscribe ? TEXT("subscribe") : TEXT("unsubscribe"));
    json_open_object(&json, "params");
    json_put_text(&json, "channel", TEXT("trade"));
    print_symbols(&json, batch, count);
    if (subscribe)
        json_put_bool(&json, "snapshot", true);
    json_close_object(&json);
    json_put_u64(&json, "req_id", number);
    json_close_object(&json);
}

static void print_ping(buffer_t *out)
{
    buffer_clear(out);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "method", TEXT("ping"));
    json_close_object(&json);
}

static void tell(void *arg, told_symbol_t *change)
{
    kraken_t *self = arg;
    exchange_session_t *session = &self->session;
    told_symbol_t *batch[BATCH_MAX] = {change};
    bool ping = change == &session->first;
    size_t count = ping ? 1 : told_symbols_batch(&session->symbols, change, batch, BATCH_MAX);
    if (ping)
        print_ping(&session->out);
    else
        print_request(&session->out, ++self->requests, batch, count);
    exchange_session_send(session, buffer_text(&session->out));
    for (size_t i = 0; i < count; i++) {
        batch[i]->request = self->requests;
        told_symbol_sent(batch[i]);
    }
}

static void on_open(void *arg)
{
    exchange_session_probe(arg, PING_MAX_MS);
}

/* --- trades --- */

/* What the exchange was told of a trade's symbol; NULL, and the source is told, where it is not subscribed. */
static told_symbol_t *find_symbol(kraken_t *self, const trade_t *trade, text_t json)
{
    fields_t *fields = &self->message.trade.fields;
    told_symbol_t *told = told_symbols_find(&self->session.symbols, trade->symbol);
    if (told && told->open)
        return told;
    fields->reason[0] = '\0';
    fields_wrong(fields, "symbol: %.*s is not subscribed", TEXT_ARG(trade->symbol));
    exchange_session_report(&self->session, fields->reason, json);
    return NULL;
}

static void take_trade(kraken_t *self, size_t number, bool former, int64_t now_ns)
{
    exchange_session_t *session = &self->session;
    text_t json = self->message.trades[number].json;
    trade_t *trade = kraken_message_trade(&self->message, number);
    if (!trade) {
        exchange_session_report(session, self->message.trade.fields.reason, json);
        return;
    }
    told_symbol_t *told = find_symbol(self, trade, json);
    if (!told)
        return;
    trade->symbol = told->symbol; /* the source's own, as long as the connection lasts */
    trade->received_ns = now_ns;
    if (former)
        session->events->on_former(session->arg, trade, &told->memo);
    else
        session->events->on_trade(session->arg, trade, &told->memo);
}

static void take_trades(kraken_t *self, int64_t now_ns)
{
    bool former = self->message.snapshot;
    for (size_t i = 0; i < self->message.trade_count && exchange_session_is_open(&self->session); i++)
        take_trade(self, i, former, now_ns);
}

static int compare_ids(const void *a, const void *b)
{
    const kraken_kept_trade_t *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

/* The order of a snapshot is not documented. */
static void sort_snapshot(kraken_message_t *message)
{
    if (message->snapshot)
        qsort(message->trades, message->trade_count, sizeof *message->trades, compare_ids);
}

/* --- answers --- */

/* An answer that an earlier one has settled is overtaken: it was asked twice. Who may not subscribe because he is subscribed is, and who may not unsubscribe
 * is not. */
static void settle_refusal(kraken_t *self, told_symbol_t *told)
{
    const kraken_message_t *message = &self->message;
    bool subscribe = message->subscribe;
    if (!told->waiting || told->told != subscribe)
        return;
    if (!subscribe || text_equal(message->text, TEXT("Already subscribed"))) {
        exchange_session_confirm(&self->session, told, subscribe);
        return;
    }
    told_symbol_refused(told);
    self->session.events->on_rejected(self->session.arg, told->symbol, message->text);
}

/* It names no symbol that we know: all that the request told of are meant; without a number, the only one that waits for an answer. False: none does. */
static bool settle_request(kraken_t *self)
{
    const kraken_message_t *message = &self->message;
    const told_symbol_t *told = message->numbered ? told_symbols_waiting(&self->session.symbols, message->request, NULL)
                                                  : told_symbols_only_waiting(&self->session.symbols);
    return told && exchange_session_refuse(&self->session, told->request, message->text);
}

static bool is_throttle(text_t why)
{
    return text_equal(why, TEXT("Exceeded msg rate")) || text_starts_with(why, TEXT("EAPI:Rate limit"));
}

static void take_refusal(kraken_t *self)
{
    const kraken_message_t *message = &self->message;
    told_symbol_t *told = told_symbols_find(&self->session.symbols, message->symbol);
    bool throttle = is_throttle(message->text);
    if (throttle)
        exchange_session_pause(&self->session, THROTTLE_PAUSE_MS);
    else if (told)
        settle_refusal(self, told);
    if (throttle || (!told && !settle_request(self)))
        self->session.events->on_rejected(self->session.arg, throttle ? TEXT("") : message->symbol, message->text);
}

static bool take_answer(kraken_t *self)
{
    kraken_message_t *message = &self->message;
    if (!message->success) {
        take_refusal(self);
        return true;
    }
    told_symbol_t *told = told_symbols_find(&self->session.symbols, message->symbol);
    if (!told)
        return fields_wrong(&message->fields, "symbol: %.*s is not subscribed", TEXT_ARG(message->symbol));
    exchange_session_confirm(&self->session, told, message->subscribe);
    return true;
}

static void take_status(kraken_t *self)
{
    if (!text_equal(self->message.system, TEXT("online")))
        log_info_limited(&self->status_limit, "kraken: the exchange is not online",
                         LOG_SLICE("source", self->session.config->name), LOG_SLICE("system", self->message.system));
}

/* --- messages --- */

static bool take(kraken_t *self, int64_t now_ns)
{
    switch (self->message.kind) {
    case KRAKEN_TRADES:
        sort_snapshot(&self->message);
        take_trades(self, now_ns);
        return true;
    case KRAKEN_ANSWER:
        return take_answer(self);
    case KRAKEN_PONG:
        self->session.first.waiting = false;
        return true;
    case KRAKEN_STATUS:
        take_status(self);
        return true;
    default:
        return true;
    }
}

static void on_message(void *arg, text_t json)
{
    kraken_t *self = arg;
    int64_t now_ns = clock_real_ns();
    self->session.events->on_received(self->session.arg, json, now_ns);
    if (!kraken_message_read(&self->message, json) || !take(self, now_ns))
        exchange_session_report(&self->session, self->message.fields.reason, json);
}

static void on_unreadable(void *arg, const char *reason, text_t sample)
{
    exchange_session_report(arg, reason, sample);
}

static const exchange_protocol_t kraken_protocol = {
    .url = KRAKEN_URL,
    .origin = "",
    .messages = MESSAGES,
    .interval_ms = INTERVAL_MS,
    .on_open = on_open,
    .tell = tell,
    .on_message = on_message,
    .on_unreadable = on_unreadable,
};

static void kraken_close(void *arg)
{
    kraken_t *self = arg;
    if (!self)
        return;
    exchange_session_release(&self->session);
    kraken_message_release(&self->message);
    free(self);
}

static void *kraken_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg)
{
    kraken_t *self = calloc(1, sizeof *self);
    if (self && exchange_session_open(&self->session, &kraken_protocol, loop, web, config, events, arg))
        return self;
    log_error("kraken: not started", LOG_SLICE("source", config->name));
    kraken_close(self);
    return NULL;
}

const connector_t connector_kraken = {
    .name = "kraken",
    .misses = true,
    .past = &kraken_past,
    .check = connector_check_websocket,
    .open = kraken_open,
    .connect = exchange_session_connect,
    .disconnect = exchange_session_disconnect,
    .subscribe = exchange_session_subscribe,
    .unsubscribe = exchange_session_unsubscribe,
    .close = kraken_close,
};
