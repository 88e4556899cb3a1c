/* The connector "blockchain": the Blockchain.com Exchange's WebSocket API v1 (blockchain_message.h has its messages). When it throttles, all that waits
 * for an answer is sent again after a pause.
 */
#include "common/clock.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "connectord/connectors/exchange_session.h"
#include "connectord/connectors/gaps.h"
#include "connectord/exchanges/blockchain_message.h"

#include <stdio.h>
#include <stdlib.h>

#define ORIGIN "https://exchange.blockchain.com" /* the exchange refuses others */

enum { THROTTLE_PAUSE_MS = 10000 };

typedef struct {
    exchange_session_t
        session; /* its `first` is the heartbeat: a channel whose `updated` every 5 s shows that the link lives */
    gaps_t gaps;
    blockchain_message_t message;
} blockchain_t;

static void print_request(const source_config_t *config, const told_symbol_t *subscription, buffer_t *out)
{
    bool trades = subscription->symbol.length > 0;
    buffer_clear(out);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "action", subscription->wanted ? TEXT("subscribe") : TEXT("unsubscribe"));
    json_put_text(&json, "channel", trades ? TEXT("trades") : TEXT("heartbeat"));
    if (trades)
        json_put_text(&json, "symbol", subscription->symbol);
    if (trades && config->token[0] != '\0')
        json_put_text(&json, "token", text_of(config->token));
    json_close_object(&json);
}

static void tell(void *arg, told_symbol_t *change)
{
    exchange_session_t *session = arg;
    print_request(session->config, change, &session->out);
    exchange_session_send(session, buffer_text(&session->out));
    told_symbol_sent(change);
}

static void on_open(void *arg)
{
    blockchain_t *self = arg;
    self->gaps = (gaps_t){0};
    exchange_session_say_first(&self->session);
}

/* The symbol that a message names, where it has been asked for on this connection; or NULL, with the reason in the message. */
static told_symbol_t *find(blockchain_t *self)
{
    told_symbol_t *subscription = told_symbols_find(&self->session.symbols, self->message.symbol);
    if (!subscription)
        fields_wrong(&self->message.fields, "symbol: %.*s is not subscribed", TEXT_ARG(self->message.symbol));
    return subscription;
}

static bool take_trade(blockchain_t *self)
{
    told_symbol_t *subscription = find(self);
    if (!subscription)
        return false;
    if (!subscription->open) {
        fields_wrong(&self->message.fields, "symbol: %.*s is not subscribed", TEXT_ARG(subscription->symbol));
        return false;
    }
    self->message.trade.received_ns = clock_real_ns();
    self->session.events->on_trade(self->session.arg, &self->message.trade, NULL);
    return true;
}

static bool take_confirmation(blockchain_t *self, bool subscribed)
{
    if (!text_equal(self->message.channel, TEXT("trades")))
        return true;
    told_symbol_t *subscription = find(self);
    if (subscription)
        exchange_session_confirm(&self->session, subscription, subscribed);
    return subscription != NULL;
}

/* A subscribe that was refused is parked. Who may not subscribe because he is subscribed is, and who may not unsubscribe is not. */
static bool settle_rejection(blockchain_t *self, told_symbol_t *subscription)
{
    bool subscribe = subscription->told;
    if (!subscription->waiting)
        return false;
    if (!subscribe || text_equal(self->message.text, TEXT("Already subscribed"))) {
        exchange_session_confirm(&self->session, subscription, subscribe);
        return true;
    }
    told_symbol_refused(subscription);
    return false;
}

/* One that names no symbol means the only one that waits for an answer; without a channel, too, it is the throttle that speaks. */
static void take_rejection(blockchain_t *self)
{
    const blockchain_message_t *message = &self->message;
    text_t symbol = message->symbol;
    told_symbol_t *subscription = told_symbols_find(&self->session.symbols, symbol);
    if (symbol.length == 0 && text_equal(message->channel, TEXT("trades")) &&
        (subscription = told_symbols_only_waiting(&self->session.symbols)))
        symbol = subscription->symbol;
    if (subscription && settle_rejection(self, subscription))
        return;
    if (message->channel.length == 0 && symbol.length == 0)
        exchange_session_pause(&self->session, THROTTLE_PAUSE_MS);
    self->session.events->on_rejected(self->session.arg, symbol, message->text);
}

/* True when the message was usable, or does not concern us. */
static bool take(blockchain_t *self)
{
    switch (self->message.kind) {
    case BLOCKCHAIN_TRADE:
        return take_trade(self);
    case BLOCKCHAIN_SUBSCRIBED:
    case BLOCKCHAIN_UNSUBSCRIBED:
        return take_confirmation(self, self->message.kind == BLOCKCHAIN_SUBSCRIBED);
    case BLOCKCHAIN_REJECTED:
        take_rejection(self);
        return true;
    default:
        if (text_equal(self->message.channel, TEXT("heartbeat")))
            self->session.first.waiting = false;
        return true;
    }
}

/* The message first, and then the hole before it: the source reconnects upon a hole, and the message is good. */
static void on_message(void *arg, text_t json)
{
    blockchain_t *self = arg;
    uint64_t expected = 0;
    gaps_verdict_t verdict = GAPS_NEXT;
    self->session.events->on_received(self->session.arg, json, clock_real_ns());
    bool good = blockchain_message_read(&self->message, json);
    uint64_t found = self->message.seqnum;
    if (self->message.has_seqnum)
        verdict = gaps_check(&self->gaps, found, &expected);
    else
        gaps_unread(&self->gaps); /* a throttle's rejection too: whether that one is counted is not documented */
    if (!good || !take(self))
        exchange_session_report(&self->session, self->message.fields.reason, json);
    if ((verdict == GAPS_HOLE || verdict == GAPS_RESTARTED) && exchange_session_is_open(&self->session))
        self->session.events->on_gap(self->session.arg, expected, found);
}

static void on_unreadable(void *arg, const char *reason, text_t sample)
{
    blockchain_t *self = arg;
    gaps_unread(&self->gaps);
    exchange_session_report(&self->session, reason, sample);
}

static const exchange_protocol_t blockchain_protocol = {
    .origin = ORIGIN,
    .on_open = on_open,
    .tell = tell,
    .on_message = on_message,
    .on_unreadable = on_unreadable,
};

/* Is there room for the token beside the longest symbol? */
static bool token_fits(const source_config_t *config)
{
    const told_symbol_t longest = {.symbol = TEXT("AAAAAAAAAAAAAAA-AAAAAAAAAAAAAAA"), .wanted = true};
    buffer_t request = buffer_new(WS_CLIENT_SEND_MAX);
    print_request(config, &longest, &request);
    bool fits = buffer_ok(&request);
    buffer_release(&request);
    if (!fits)
        log_error("blockchain: token too long");
    return fits;
}

static void blockchain_close(void *arg)
{
    blockchain_t *self = arg;
    if (!self)
        return;
    exchange_session_release(&self->session);
    free(self);
}

static void *blockchain_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events,
                             void *arg)
{
    blockchain_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    if (token_fits(config) && exchange_session_open(&self->session, &blockchain_protocol, loop, web, config, events, arg))
        return self;
    log_error("blockchain: not started", LOG_SLICE("source", config->name));
    blockchain_close(self);
    return NULL;
}

const connector_t connector_blockchain = {
    .name = "blockchain",
    .misses = true,
    .check = connector_check_websocket,
    .open = blockchain_open,
    .connect = exchange_session_connect,
    .disconnect = exchange_session_disconnect,
    .subscribe = exchange_session_subscribe,
    .unsubscribe = exchange_session_unsubscribe,
    .close = blockchain_close,
};
