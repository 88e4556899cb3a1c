/* The connector "blockchain": the Blockchain.com Exchange's WebSocket API v1 (blockchain_message.h has its messages).
 *
 * What each symbol should be and what the exchange was told are kept apart, and pump() sends the difference, a message at a time, as
 * the limiter allows; so there is no queue that could grow. While a symbol's answer is outstanding it is not asked again by itself.
 *
 *     wanted ─┐   differ: send, waiting for the answer      confirmed: told is what the exchange says
 *     told  ──┘                                             throttled: after a pause, all that waits for an answer is sent again
 *                                                           refused, or dropped unasked: parked, until it is wanted once more
 */
#include "common/array.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/json_write.h"
#include "common/log.h"
#include "common/table.h"
#include "connectord/connectors/blockchain_message.h"
#include "connectord/connectors/connector.h"
#include "connectord/connectors/gaps.h"
#include "connectord/connectors/limiter.h"
#include "connectord/websocket/ws_client.h"
#include "proto/topic.h"

#include <stdio.h>
#include <stdlib.h>

#define ORIGIN "https://exchange.blockchain.com" /* the exchange refuses others */

enum { CONNECT_MS = 10000, THROTTLE_PAUSE_MS = 10000, SAMPLE_MAX = 200 };

typedef struct {
    char symbol_text[SYMBOL_MAX];
    text_t symbol;
    bool wanted, told;
    bool waiting; /* for the answer to what was told last */
    bool parked;  /* refused or dropped: when it is asked for again is the source's to say */
    bool known;   /* it was wanted once more when it was subscribed already: that is to be confirmed */
    bool open;    /* trades may come: subscribed once, and no unsubscribe confirmed since */
} blockchain_subscription_t;

typedef struct {
    const source_config_t *config;
    const connector_events_t *events;
    void *arg;
    ws_client_t *ws_client;
    loop_timer_t *timer;                       /* sends what had to wait */
    table_t *by_symbol;                        /* the subscriptions below */
    blockchain_subscription_t **subscriptions; /* of this connection, owned, in the order in which they were asked for first */
    size_t count, room;
    blockchain_subscription_t heartbeat; /* the channel, without a symbol; its `updated` every 5 s shows that the link lives */
    size_t known;                        /* how many of the subscriptions are */
    size_t next;                         /* where pump goes on, so that each symbol gets its turn */
    limiter_t limiter;
    bool paused; /* by a throttle, until the timer fires */
    gaps_t gaps;
    buffer_t out;
    blockchain_message_t message;
} blockchain_t;

static bool is_due(const blockchain_subscription_t *subscription)
{
    return subscription->wanted != subscription->told && !subscription->waiting && !subscription->parked;
}

/* One more message to send, or NULL. */
static blockchain_subscription_t *next_change(blockchain_t *self)
{
    if (is_due(&self->heartbeat))
        return &self->heartbeat;
    for (size_t i = 0; i < self->count; i++) {
        size_t number = (self->next + i) % self->count;
        blockchain_subscription_t *subscription = self->subscriptions[number];
        if (is_due(subscription)) {
            self->next = number + 1;
            return subscription;
        }
    }
    return NULL;
}

static void print_request(blockchain_t *self, const blockchain_subscription_t *subscription)
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

static bool changes_left(const blockchain_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (is_due(self->subscriptions[i]))
            return true;
    return false;
}

/* Whoever unsubscribes and subscribes before the first has gone out is answered, too. */
static void confirm_known(blockchain_t *self)
{
    for (size_t i = 0; i < self->count && self->known > 0; i++) {
        blockchain_subscription_t *subscription = self->subscriptions[i];
        if (!subscription->known)
            continue;
        subscription->known = false;
        self->known--;
        if (subscription->wanted && subscription->told && !subscription->waiting)
            self->events->on_confirmed(self->arg, subscription->symbol, true);
    }
}

/* Sends one message, if there is one and it may go now; else sees to it that it is tried again. */
static void pump(void *arg)
{
    blockchain_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    confirm_known(self);
    if (self->paused)
        return; /* the timer runs */
    size_t next = self->next;
    blockchain_subscription_t *subscription = next_change(self);
    if (!subscription)
        return;
    if (!limiter_take(&self->limiter, now_ns)) {
        self->next = next;
        loop_timer_start(self->timer, limiter_wait_ms(&self->limiter, now_ns), 0);
        return;
    }
    print_request(self, subscription);
    ws_client_send(self->ws_client, buffer_text(&self->out));
    subscription->told = subscription->wanted;
    subscription->waiting = true;
    subscription->open |= subscription->wanted;
    if (changes_left(self))
        ws_client_want_write(self->ws_client);
}

/* The throttle's pause is over: what was not confirmed is taken as not heard. */
static void end_pause(blockchain_t *self)
{
    self->paused = false;
    for (size_t i = 0; i <= self->count; i++) {
        blockchain_subscription_t *subscription = i < self->count ? self->subscriptions[i] : &self->heartbeat;
        if (subscription->waiting)
            subscription->told = !subscription->told;
        subscription->waiting = false;
    }
}

static void on_timer(void *arg)
{
    blockchain_t *self = arg;
    if (self->paused)
        end_pause(self);
    ws_client_want_write(self->ws_client);
}

static void forget_subscriptions(blockchain_t *self)
{
    while (self->count > 0) {
        blockchain_subscription_t *subscription = self->subscriptions[--self->count];
        table_remove(self->by_symbol, subscription->symbol);
        free(subscription);
    }
    self->next = self->known = 0;
}

static void on_open(void *arg)
{
    blockchain_t *self = arg;
    forget_subscriptions(self);
    self->heartbeat = (blockchain_subscription_t){.wanted = true};
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
static blockchain_subscription_t *find(blockchain_t *self)
{
    blockchain_subscription_t *subscription = table_get(self->by_symbol, self->message.symbol);
    if (!subscription)
        snprintf(self->message.reason, sizeof self->message.reason, "symbol: %.*s is not subscribed",
                 TEXT_ARG(self->message.symbol));
    return subscription;
}

static bool take_trade(blockchain_t *self)
{
    blockchain_subscription_t *subscription = find(self);
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

/* What the exchange says of a symbol's subscription. An end that was not asked for is not mended here. */
static void confirm(blockchain_t *self, blockchain_subscription_t *subscription, bool subscribed)
{
    bool asked = subscription->waiting && subscription->told == subscribed;
    subscription->told = subscribed;
    subscription->waiting = false;
    subscription->parked = !subscribed && !asked;
    subscription->open = subscribed;
    ws_client_want_write(self->ws_client); /* what is wanted may have changed meanwhile */
    self->events->on_confirmed(self->arg, subscription->symbol, subscribed);
}

static bool take_confirmation(blockchain_t *self, bool subscribed)
{
    if (!text_equal(self->message.channel, TEXT("trades")))
        return true;
    blockchain_subscription_t *subscription = find(self);
    if (subscription)
        confirm(self, subscription, subscribed);
    return subscription != NULL;
}

/* Whom a rejection of the trades channel means that names no symbol: the only one that waits for an answer, where there is one. */
static blockchain_subscription_t *find_only_waiting(const blockchain_t *self)
{
    blockchain_subscription_t *only = NULL;
    for (size_t i = 0; i < self->count; i++) {
        if (!self->subscriptions[i]->waiting)
            continue;
        if (only)
            return NULL;
        only = self->subscriptions[i];
    }
    return only;
}

/* A subscribe that was refused is parked. Who may not subscribe because he is subscribed is, and who may not unsubscribe is not. */
static bool settle_rejection(blockchain_t *self, blockchain_subscription_t *subscription)
{
    bool subscribe = subscription->told;
    if (!subscription->waiting)
        return false;
    if (!subscribe || text_equal(self->message.text, TEXT("Already subscribed"))) {
        confirm(self, subscription, subscribe);
        return true;
    }
    subscription->told = subscription->waiting = subscription->open = false;
    subscription->parked = true;
    return false;
}

/* Without a channel and a symbol it is the throttle that speaks. */
static void take_rejection(blockchain_t *self)
{
    const blockchain_message_t *message = &self->message;
    text_t symbol = message->symbol;
    blockchain_subscription_t *subscription = table_get(self->by_symbol, symbol);
    if (symbol.length == 0 && text_equal(message->channel, TEXT("trades")) && (subscription = find_only_waiting(self)))
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
    const blockchain_subscription_t longest = {.symbol = TEXT("AAAAAAAAAAAAAAA-AAAAAAAAAAAAAAA"), .wanted = true};
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
    if (self->by_symbol)
        forget_subscriptions(self);
    table_destroy(&self->by_symbol);
    buffer_release(&self->out);
    free(self->subscriptions);
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
    if ((self->timer = loop_timer_new(loop, on_timer, self)) && (self->by_symbol = table_new()) && token_fits(self) &&
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

/* NULL when memory runs out. */
static blockchain_subscription_t *add_subscription(blockchain_t *self, text_t symbol)
{
    blockchain_subscription_t *subscription = ARRAY_RESERVE(&self->subscriptions, &self->room, self->count + 1, ARRAY_UNBOUNDED)
                                                  ? calloc(1, sizeof *subscription)
                                                  : NULL;
    if (!subscription)
        return NULL;
    memcpy(subscription->symbol_text, symbol.at, symbol.length);
    subscription->symbol = (text_t){subscription->symbol_text, symbol.length};
    if (!table_put(self->by_symbol, subscription->symbol, subscription)) {
        free(subscription);
        return NULL;
    }
    return self->subscriptions[self->count++] = subscription;
}

static void want(blockchain_t *self, text_t symbol, bool wanted)
{
    blockchain_subscription_t *subscription = table_get(self->by_symbol, symbol);
    if (!subscription && !(wanted && (subscription = add_subscription(self, symbol))))
        return;
    bool again = wanted && subscription->wanted;
    subscription->wanted = wanted;
    subscription->parked = false;
    if (again && subscription->waiting) /* the answer is overdue: it was not heard */
        subscription->told = subscription->waiting = false;
    bool known = wanted && subscription->told && !subscription->waiting;
    self->known += known && !subscription->known;
    subscription->known |= known;
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
    .open = blockchain_open,
    .connect = blockchain_connect,
    .disconnect = blockchain_disconnect,
    .subscribe = blockchain_subscribe,
    .unsubscribe = blockchain_unsubscribe,
    .close = blockchain_close,
};
