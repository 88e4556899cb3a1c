/* The connector "coinbase": the Coinbase Exchange's WebSocket feed (coinbase_message.h has its messages) and its REST API for the past.
 *
 * A request tells of many symbols, each for the channels `matches` and `heartbeat`, and is answered in its turn: by `subscriptions`, the list of all that is
 * subscribed now, or by an `error` that refuses the request as a whole, though it may name the product that it is about.
 *
 * The exchange ends a connection that asks for nothing, and says nothing where nothing is subscribed. So where symbols are subscribed on demand, the heartbeat of
 * one of them, wanted or not, is: the pulse.
 */
#include "common/clock.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "connectord/connectors/exchange_session.h"
#include "connectord/exchanges/coinbase_message.h"
#include "connectord/exchanges/coinbase_past.h"

#include <ctype.h>
#include <stdlib.h>

#define URL "wss://ws-feed.exchange.coinbase.com"

enum { MESSAGES_PER_S = 8, BATCH_MAX = 100, REQUEST_FRAME = 160 /* bytes of a request without its symbols, at most */ };

typedef struct {
    exchange_session_t session; /* its `first` is the pulse */
    size_t pulse;               /* which of the configured symbols has it: the first that was not refused */
    uint64_t requests, answers; /* how many were sent, and lists were read: each has its number */
    coinbase_message_t message;
} coinbase_t;

/* --- what is said --- */

static text_t pulse_symbol(const coinbase_t *self)
{
    const source_config_t *config = self->session.config;
    return config->demand && self->pulse < config->symbol_count ? config->symbols[self->pulse] : TEXT("");
}

/* All but one of them. */
static void put_channel(json_writer_t *json, text_t name, told_symbol_t *const batch[], size_t count, text_t but)
{
    json_open_object(json, NULL);
    json_put_text(json, "name", name);
    json_open_array(json, "product_ids");
    for (size_t i = 0; i < count; i++)
        if (!text_equal(batch[i]->symbol, but))
            json_put_text(json, NULL, batch[i]->symbol);
    json_close_array(json);
    json_close_object(json);
}

static void print_request(const coinbase_t *self, buffer_t *out, told_symbol_t *const batch[], size_t count)
{
    bool subscribe = batch[0]->wanted;
    text_t kept = subscribe ? TEXT("") : pulse_symbol(self);
    buffer_clear(out);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "type", subscribe ? TEXT("subscribe") : TEXT("unsubscribe"));
    json_open_array(&json, "channels");
    put_channel(&json, TEXT("matches"), batch, count, TEXT(""));
    if (count > 1 || !text_equal(batch[0]->symbol, kept))
        put_channel(&json, TEXT("heartbeat"), batch, count, kept);
    json_close_array(&json);
    json_close_object(&json);
}

static void print_pulse(buffer_t *out, text_t symbol)
{
    buffer_clear(out);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "type", TEXT("subscribe"));
    json_open_array(&json, "product_ids");
    json_put_text(&json, NULL, symbol);
    json_close_array(&json);
    json_open_array(&json, "channels");
    json_put_text(&json, NULL, TEXT("heartbeat"));
    json_close_array(&json);
    json_close_object(&json);
}

/* How many of them a request has room for: each stands in it twice, with quotes and a comma. */
static size_t fitting(told_symbol_t *const batch[], size_t count)
{
    size_t fit = 0;
    for (size_t bytes = REQUEST_FRAME; fit < count; fit++)
        if ((bytes += 2 * (batch[fit]->symbol.length + 3)) > WS_CLIENT_SEND_MAX)
            break;
    return fit;
}

static void tell_pulse(coinbase_t *self)
{
    exchange_session_t *session = &self->session;
    text_t symbol = pulse_symbol(self);
    told_symbol_sent(&session->first);
    if (symbol.length == 0)
        return;
    print_pulse(&session->out, symbol);
    exchange_session_send(session, buffer_text(&session->out));
}

static void tell_symbols(coinbase_t *self, told_symbol_t *change)
{
    exchange_session_t *session = &self->session;
    told_symbol_t *batch[BATCH_MAX];
    size_t count = told_symbols_batch(&session->symbols, change, batch, BATCH_MAX);
    count = fitting(batch, count);
    print_request(self, &session->out, batch, count);
    exchange_session_send(session, buffer_text(&session->out));
    self->requests++;
    for (size_t i = 0; i < count; i++) {
        batch[i]->request = self->requests;
        told_symbol_sent(batch[i]);
    }
}

static void tell(void *arg, told_symbol_t *change)
{
    coinbase_t *self = arg;
    if (change == &self->session.first)
        tell_pulse(self);
    else
        tell_symbols(self, change);
}

static void on_open(void *arg)
{
    coinbase_t *self = arg;
    const source_config_t *config = self->session.config;
    self->requests = self->answers = 0;
    if (self->pulse >= config->symbol_count)
        self->pulse = 0;
    if (config->demand)
        exchange_session_say_first(&self->session);
}

/* --- what is heard of trades --- */

/* What is subscribed, as the message names it; or NULL, with the reason in the message. */
static told_symbol_t *find_open(coinbase_t *self)
{
    told_symbol_t *subscription = told_symbols_find(&self->session.symbols, self->message.symbol);
    if (subscription && subscription->open)
        return subscription;
    fields_wrong(&self->message.fields, "product_id: %.*s is not subscribed", TEXT_ARG(self->message.symbol));
    return NULL;
}

static bool take_trade(coinbase_t *self)
{
    const exchange_session_t *session = &self->session;
    trade_t *trade = &self->message.trade;
    told_symbol_t *told = find_open(self);
    if (!told)
        return false;
    trade->received_ns = clock_real_ns();
    if (self->message.kind == COINBASE_FORMER)
        session->events->on_former(session->arg, trade, &told->memo);
    else
        session->events->on_trade(session->arg, trade, &told->memo);
    return true;
}

/* Heartbeats that still come of what is not subscribed say nothing. */
static bool take_tail(coinbase_t *self)
{
    const coinbase_message_t *message = &self->message;
    told_symbol_t *subscription = told_symbols_find(&self->session.symbols, message->symbol);
    if (subscription && subscription->open && message->last_id > 0)
        self->session.events->on_tail(self->session.arg, message->symbol, message->last_id);
    return true;
}

/* --- what is heard of subscriptions --- */

static void note_listed(coinbase_t *self)
{
    char room[COINBASE_PRODUCT_RAW_MAX];
    text_t product;
    json_walk_t products = json_walk(self->message.products);
    self->answers++;
    while (coinbase_message_next_product(&products, room, &product)) {
        told_symbol_t *subscription = told_symbols_find(&self->session.symbols, product);
        if (subscription)
            subscription->heard = self->answers;
    }
}

/* What waits for its own answer is not there yet, or still there: an earlier request was answered. What is there though it is to be told of again
 * was heard the first time. */
static bool settles(const told_symbol_t *subscription, bool listed)
{
    if (subscription->waiting)
        return subscription->told == listed;
    return listed ? subscription->wanted && !subscription->told : subscription->told;
}

static bool take_subscriptions(coinbase_t *self)
{
    exchange_session_t *session = &self->session;
    note_listed(self);
    uint64_t answer = self->answers;
    for (size_t i = 0; i < session->symbols.count && exchange_session_is_open(session); i++) {
        told_symbol_t *subscription = session->symbols.symbols[i];
        bool listed = subscription->heard == answer;
        if (settles(subscription, listed))
            exchange_session_confirm(session, subscription, listed);
    }
    return true;
}

/* The next word of a text that can be a symbol; punctuation around it does not belong to it. */
static bool take_word(text_t *rest, text_t *word)
{
    const char *end = rest->at + rest->length, *at = rest->at;
    while (at < end && !isalnum((unsigned char)*at))
        at++;
    const char *behind = at;
    while (behind < end && symbol_char(*behind))
        behind++;
    *rest = (text_t){behind, (size_t)(end - behind)};
    while (behind > at && !isalnum((unsigned char)behind[-1]))
        behind--;
    *word = (text_t){at, (size_t)(behind - at)};
    return word->length > 0;
}

/* The symbol that a text names, or NULL. */
static told_symbol_t *find_named(const coinbase_t *self, text_t text)
{
    text_t word;
    while (take_word(&text, &word)) {
        told_symbol_t *named = told_symbols_find(&self->session.symbols, word);
        if (named)
            return named;
    }
    return NULL;
}

static bool names(text_t text, text_t symbol)
{
    text_t word;
    while (take_word(&text, &word))
        if (text_equal(word, symbol))
            return true;
    return false;
}

/* NULL if none waits for an answer. */
static const told_symbol_t *find_oldest(const coinbase_t *self)
{
    const told_symbol_t *oldest = NULL;
    for (size_t i = 0; i < self->session.symbols.count; i++) {
        const told_symbol_t *symbol = self->session.symbols.symbols[i];
        if (symbol->waiting && (!oldest || symbol->request < oldest->request))
            oldest = symbol;
    }
    return oldest;
}

/* The next symbol gets it. */
static void move_pulse(coinbase_t *self)
{
    if (++self->pulse < self->session.config->symbol_count)
        exchange_session_say_first(&self->session);
}

/* It answers the oldest request; but where it names a product it is that one's, and what was refused may be named more than once: for each channel. */
static bool take_error(coinbase_t *self)
{
    exchange_session_t *session = &self->session;
    text_t why = self->message.text;
    told_symbol_t *named = find_named(self, why);
    const told_symbol_t *oldest = find_oldest(self);
    if (names(why, pulse_symbol(self))) {
        move_pulse(self);
        if (!named)
            return true;
    }
    if (named && named->waiting)
        exchange_session_refuse_one(session, named, why);
    else if (!named && oldest)
        exchange_session_refuse(session, oldest->request, why);
    else if (!named || named->told)
        session->events->on_rejected(session->arg, (text_t){0}, why);
    return true;
}

/* True when the message was usable, or does not concern us. */
static bool take(coinbase_t *self)
{
    switch (self->message.kind) {
    case COINBASE_TRADE:
    case COINBASE_FORMER:
        return take_trade(self);
    case COINBASE_TAIL:
        return take_tail(self);
    case COINBASE_SUBSCRIPTIONS:
        return take_subscriptions(self);
    case COINBASE_ERROR:
        return take_error(self);
    default:
        return true;
    }
}

static void on_message(void *arg, text_t json)
{
    coinbase_t *self = arg;
    self->session.events->on_received(self->session.arg, json, clock_real_ns());
    if (!coinbase_message_read(&self->message, json) || !take(self))
        exchange_session_report(&self->session, self->message.fields.reason, json);
}

static void on_unreadable(void *arg, const char *reason, text_t sample)
{
    exchange_session_report(arg, reason, sample);
}

static const exchange_protocol_t coinbase_protocol = {
    .url = URL,
    .origin = "",
    .messages = MESSAGES_PER_S,
    .interval_ms = 1000,
    .on_open = on_open,
    .tell = tell,
    .on_message = on_message,
    .on_unreadable = on_unreadable,
};

static void coinbase_close(void *arg)
{
    coinbase_t *self = arg;
    if (!self)
        return;
    exchange_session_release(&self->session);
    free(self);
}

static void *coinbase_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events, void *arg)
{
    coinbase_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    if (exchange_session_open(&self->session, &coinbase_protocol, loop, web, config, events, arg))
        return self;
    log_error("coinbase: not started", LOG_SLICE("source", config->name));
    coinbase_close(self);
    return NULL;
}

const connector_t connector_coinbase = {
    .name = "coinbase",
    .misses = true,
    .past = &coinbase_past,
    .check = connector_check_websocket,
    .open = coinbase_open,
    .connect = exchange_session_connect,
    .disconnect = exchange_session_disconnect,
    .subscribe = exchange_session_subscribe,
    .unsubscribe = exchange_session_unsubscribe,
    .close = coinbase_close,
};
