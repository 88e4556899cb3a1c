/* The connector "blockchain": the Blockchain.com Exchange's WebSocket API v1 (blockchain_message.h has its messages).
 *
 * What the exchange was told of each symbol is told_symbols.h's; pump() sends what is to be told, a message at a time, as the limiter allows. When it
 * throttles, all that waits for an answer is sent again after a pause.
 */
#include "common/buffer.h"
#include "common/clock.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "connectord/connectors/blockchain_message.h"
#include "connectord/connectors/connector.h"
#include "connectord/connectors/gaps.h"
#include "connectord/connectors/limiter.h"
#include "connectord/connectors/told_symbols.h"
#include "connectord/websocket/ws_client.h"

#include <stdio.h>
#include <stdlib.h>

#define ORIGIN "https://exchange.blockchain.com" /* the exchange refuses others */

enum { CONNECT_MS = 10000, THROTTLE_PAUSE_MS = 10000, SAMPLE_MAX = 200 };

typedef struct {
    const source_config_t *config;
    const connector_events_t *events;
    void *arg;
    ws_client_t *ws_client;
    loop_timer_t *timer; /* sends what had to wait */
    told_symbols_t symbols;
    told_symbol_t heartbeat; /* the channel, without a symbol; its `updated` every 5 s shows that the link lives */
    limiter_t limiter;
    bool paused; /* by a throttle, until the timer fires */
    gaps_t gaps;
    buffer_t out;
    blockchain_message_t message;
} blockchain_t;

/* One more that the exchange is to be told of, or NULL. */
static told_symbol_t *next_change(blockchain_t *self)
{
    return told_symbol_is_due(&self->heartbeat) ? &self->heartbeat : told_symbols_next(&self->symbols);
}

static void print_request(blockchain_t *self, const told_symbol_t *subscription)
{
    bool trades = subscription != &self->heartbeat;
    buffer_clear(&self->out);
    json_writer_t json = json_write(&self->out);
    json_open_object(&json, NULL);
    json_put_text(&json, "action", subscription->wanted ? TEXT("subscribe") : TEXT("unsubscribe"));
    json_put_text(&json, "channel", trades ? TEXT("trades") : TEXT("heartbeat"));
    if (trades)
        json_put_text(&json, "symbol", subscription->symbol);
    if (trades && self->config->token[0] != '\0')
        json_put_text(&json, "token", text_of(self->config->token));
    json_close_object(&json);
}

/* Whoever unsubscribes and subscribes before the first has gone out is answered, too. */
static void confirm_known(blockchain_t *self)
{
    for (told_symbol_t *known; (known = told_symbols_take_known(&self->symbols));)
        self->events->on_confirmed(self->arg, known->symbol, true);
}

/* Sends one message, if there is one and it may go now; else sees to it that it is tried again. */
static void pump(void *arg)
{
    blockchain_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    confirm_known(self);
    if (self->paused)
        return; /* the timer runs */
    told_symbol_t *change = next_change(self);
    if (!change)
        return;
    if (!limiter_take(&self->limiter, now_ns)) {
        loop_timer_start(self->timer, limiter_wait_ms(&self->limiter, now_ns), 0);
        return;
    }
    print_request(self, change);
    ws_client_send(self->ws_client, buffer_text(&self->out));
    told_symbol_sent(change);
    if (next_change(self))
        ws_client_want_write(self->ws_client);
}

/* The throttle's pause is over: what was not confirmed is taken as not heard. */
static void end_pause(blockchain_t *self)
{
    self->paused = false;
    told_symbol_unheard(&self->heartbeat);
    told_symbols_unheard(&self->symbols);
}

static void on_timer(void *arg)
{
    blockchain_t *self = arg;
    if (self->paused)
        end_pause(self);
    ws_client_want_write(self->ws_client);
}

static void on_open(void *arg)
{
    blockchain_t *self = arg;
    told_symbols_clear(&self->symbols);
    self->heartbeat = (told_symbol_t){.wanted = true};
    self->gaps = (gaps_t){0};
    self->paused = false;
    ws_client_want_write(self->ws_client);
    self->events->on_connected(self->arg);
}

static void report_malformed(blockchain_t *self, const char *reason, text_t sample)
{
    sample.length = sample.length < SAMPLE_MAX ? sample.length : SAMPLE_MAX;
    self->events->on_malformed(self->arg, reason, sample);
}

/* The symbol that a message names, where it has been asked for on this connection; or NULL, with the reason in the message. */
static told_symbol_t *find(blockchain_t *self)
{
    told_symbol_t *subscription = told_symbols_find(&self->symbols, self->message.symbol);
    if (!subscription)
        snprintf(self->message.reason, sizeof self->message.reason, "symbol: %.*s is not subscribed",
                 TEXT_ARG(self->message.symbol));
    return subscription;
}

static bool take_trade(blockchain_t *self)
{
    told_symbol_t *subscription = find(self);
    if (!subscription)
        return false;
    if (!subscription->open) {
        snprintf(self->message.reason, sizeof self->message.reason, "symbol: %.*s is not subscribed",
                 TEXT_ARG(subscription->symbol));
        return false;
    }
    self->message.trade.received_ns = clock_real_ns();
    self->events->on_trade(self->arg, &self->message.trade);
    return true;
}

/* What the exchange says of a symbol's subscription. */
static void confirm(blockchain_t *self, told_symbol_t *subscription, bool subscribed)
{
    told_symbol_confirmed(subscription, subscribed);
    ws_client_want_write(self->ws_client); /* what is wanted may have changed meanwhile */
    self->events->on_confirmed(self->arg, subscription->symbol, subscribed);
}

static bool take_confirmation(blockchain_t *self, bool subscribed)
{
    if (!text_equal(self->message.channel, TEXT("trades")))
        return true;
    told_symbol_t *subscription = find(self);
    if (subscription)
        confirm(self, subscription, subscribed);
    return subscription != NULL;
}

/* A subscribe that was refused is parked. Who may not subscribe because he is subscribed is, and who may not unsubscribe is not. */
static bool settle_rejection(blockchain_t *self, told_symbol_t *subscription)
{
    bool subscribe = subscription->told;
    if (!subscription->waiting)
        return false;
    if (!subscribe || text_equal(self->message.text, TEXT("Already subscribed"))) {
        confirm(self, subscription, subscribe);
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
    told_symbol_t *subscription = told_symbols_find(&self->symbols, symbol);
    if (symbol.length == 0 && text_equal(message->channel, TEXT("trades")) &&
        (subscription = told_symbols_only_waiting(&self->symbols)))
        symbol = subscription->symbol;
    if (subscription && settle_rejection(self, subscription))
        return;
    if (message->channel.length == 0 && symbol.length == 0) {
        self->paused = true;
        loop_timer_start(self->timer, THROTTLE_PAUSE_MS, 0);
    }
    self->events->on_rejected(self->arg, symbol, message->text);
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
            self->heartbeat.waiting = false;
        return true;
    }
}

/* The message first, and then the hole before it: the source reconnects upon a hole, and the message is good. */
static void on_message(void *arg, text_t json)
{
    blockchain_t *self = arg;
    uint64_t expected = 0;
    gaps_verdict_t verdict = GAPS_NEXT;
    bool good = blockchain_message_read(&self->message, json);
    uint64_t found = self->message.seqnum;
    if (self->message.has_seqnum)
        verdict = gaps_check(&self->gaps, found, &expected);
    else
        gaps_unread(&self->gaps); /* a throttle's rejection too: whether that one is counted is not documented */
    if (!good || !take(self))
        report_malformed(self, self->message.reason, json);
    if ((verdict == GAPS_HOLE || verdict == GAPS_RESTARTED) && ws_client_is_open(self->ws_client))
        self->events->on_gap(self->arg, expected, found);
}

static void on_unreadable(void *arg, const char *reason, text_t sample)
{
    blockchain_t *self = arg;
    gaps_unread(&self->gaps);
    report_malformed(self, reason, sample);
}

static void on_closed(void *arg, const loss_t *loss)
{
    blockchain_t *self = arg;
    loop_timer_stop(self->timer);
    self->events->on_lost(self->arg, loss);
}

static const ws_client_events_t ws_client_events = {
    .on_open = on_open,
    .on_message = on_message,
    .on_unreadable = on_unreadable,
    .on_writable = pump,
    .on_closed = on_closed,
};

/* Is there room for the token beside the longest symbol? */
static bool token_fits(blockchain_t *self)
{
    const told_symbol_t longest = {.symbol = TEXT("AAAAAAAAAAAAAAA-AAAAAAAAAAAAAAA"), .wanted = true};
    print_request(self, &longest);
    if (!buffer_ok(&self->out))
        log_error("blockchain: token too long");
    return buffer_ok(&self->out);
}

static void blockchain_close(void *arg)
{
    blockchain_t *self = arg;
    if (!self)
        return;
    ws_client_destroy(&self->ws_client);
    loop_timer_destroy(&self->timer);
    told_symbols_release(&self->symbols);
    buffer_release(&self->out);
    free(self);
}

static void *blockchain_open(loop_t *loop, web_t *web, const source_config_t *config, const connector_events_t *events,
                             void *arg)
{
    blockchain_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->config = config;
    self->events = events;
    self->arg = arg;
    self->out = buffer_new(WS_CLIENT_SEND_MAX);
    self->limiter = limiter_new(config->messages_per_minute, clock_mono_ns());
    ws_client_config_t ws_client = {
        .url = config->url, .origin = ORIGIN, .ca = config->ca, .connect_ms = CONNECT_MS, .silence_ms = config->silence_ms};
    if ((self->timer = loop_timer_new(loop, on_timer, self)) && told_symbols_init(&self->symbols) && token_fits(self) &&
        (self->ws_client = ws_client_new(loop, web, &ws_client, &ws_client_events, self)))
        return self;
    log_error("blockchain: not started", LOG_SLICE("source", config->name));
    blockchain_close(self);
    return NULL;
}

static void blockchain_connect(void *arg)
{
    blockchain_t *self = arg;
    ws_client_connect(self->ws_client);
}

static void blockchain_disconnect(void *arg)
{
    blockchain_t *self = arg;
    loop_timer_stop(self->timer);
    ws_client_disconnect(self->ws_client);
}

static void want(blockchain_t *self, text_t symbol, bool wanted)
{
    told_symbols_want(&self->symbols, symbol, wanted);
    ws_client_want_write(self->ws_client);
}

static void blockchain_subscribe(void *arg, text_t symbol)
{
    want(arg, symbol, true);
}

static void blockchain_unsubscribe(void *arg, text_t symbol)
{
    want(arg, symbol, false);
}

const connector_t connector_blockchain = {
    .name = "blockchain",
    .check = connector_check_websocket,
    .open = blockchain_open,
    .connect = blockchain_connect,
    .disconnect = blockchain_disconnect,
    .subscribe = blockchain_subscribe,
    .unsubscribe = blockchain_unsubscribe,
    .close = blockchain_close,
};
