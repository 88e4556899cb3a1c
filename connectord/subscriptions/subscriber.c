/* Over 400 lines, but one idea: the events of a subscription and what they lead to are one state machine (subscription.h has
 * its table). */
#include "connectord/subscriptions/subscriber.h"

#include "common/clock.h"
#include "common/log.h"
#include "connectord/health/stale_streams.h"
#include "connectord/subscriptions/wanted_symbols.h"
#include "proto/record.h"

#include <stdio.h>
#include <stdlib.h>

enum { NEWS_MS = 20, DRY_REASON_MAX = 160 };

struct subscriber {
    const connector_t *connector;
    void *instance; /* the connector's */
    source_config_t *config;
    const subscriber_events_t *events;
    void *arg;
    loop_timer_t *grace; /* for the release that is nearest */
    loop_timer_t *due;   /* for the answer that is overdue next, or what is asked for again next */
    loop_timer_t *news;  /* tells in one go what came in a moment: many may fail, or have trades again, together */
    int64_t due_ns;      /* when `due` fires; 0: it does not run */
    int64_t sent_ns;     /* when all that was asked for has surely gone out */
    bool connected;
    uint64_t stamp; /* of memos: whose wanted symbols they are */
    wanted_symbols_t *wanted_symbols;
    stale_streams_t *stale_streams; /* numbered as the wanted symbols */
    buffer_t failing;
    uint64_t retries, resubscribes;
    log_limit_t failed_limit, stale_limit, remedy_limit;
};

/* Has the timer fire for this time, too. */
static void schedule(subscriber_t *self, int64_t due_ns)
{
    if (due_ns == 0 || (self->due_ns != 0 && self->due_ns <= due_ns))
        return;
    int64_t left_ns = due_ns - clock_mono_ns();
    self->due_ns = due_ns;
    loop_timer_start(self->due, left_ns > 0 ? (uint64_t)((left_ns + NS_PER_MS - 1) / NS_PER_MS) : 0, 0);
}

/* What one message takes at the rate that is allowed. */
static int64_t cost_ns(const subscriber_t *self)
{
    return self->config->messages_per_minute > 0 ? 60 * NS_PER_S / self->config->messages_per_minute : 0;
}

/* How long the answer to what is asked now may take: from when it has gone out behind all else. */
static uint64_t patience_ms(const subscriber_t *self, int64_t now_ns)
{
    int64_t waits_ns = self->sent_ns > now_ns ? self->sent_ns - now_ns : 0;
    return self->config->confirm_ms + (uint64_t)((waits_ns + cost_ns(self)) / NS_PER_MS);
}

static void log_failure(subscriber_t *self, const symbol_subscription_t *subscription, int64_t now_ns)
{
    log_warn_limited(&self->failed_limit, "source: subscription fails", LOG_SLICE("source", self->config->name),
                     LOG_SLICE("symbol", subscription->symbol), LOG_SLICE("reason", symbol_subscription_reason(subscription)),
                     LOG_U64("retry_ms", (uint64_t)((subscription->due_ns - now_ns) / NS_PER_MS)));
}

/* A status names all streams that are stale, and all subscriptions that fail: one for each change would be quadratic. */
static void tell_soon(subscriber_t *self)
{
    if (!loop_timer_running(self->news))
        loop_timer_start(self->news, NEWS_MS, 0);
}

/* The stream's trades are expected from now on; one that starves goes on to do so until it has one. */
static void on_taken(subscriber_t *self, const symbol_subscription_t *subscription, int64_t now_ns)
{
    size_t number = wanted_symbols_number(self->wanted_symbols, subscription);
    if (!stale_streams_is_stale(self->stale_streams, number))
        stale_streams_expect(self->stale_streams, number, now_ns);
}

static void send(subscriber_t *self, const symbol_subscription_t *subscription, symbol_subscription_action_t action,
                 int64_t now_ns)
{
    self->sent_ns = (self->sent_ns > now_ns ? self->sent_ns : now_ns) + cost_ns(self);
    if (action == SUBSCRIPTION_SUBSCRIBE)
        self->connector->subscribe(self->instance, subscription->symbol);
    else
        self->connector->unsubscribe(self->instance, subscription->symbol);
}

/* What follows from the state that a subscription has come to. */
static void enter(subscriber_t *self, const symbol_subscription_t *subscription, bool failed, int64_t now_ns)
{
    if (subscription->state == SUBSCRIPTION_TAKEN)
        on_taken(self, subscription, now_ns);
    else if (subscription->state == SUBSCRIPTION_IDLE)
        stale_streams_rest(self->stale_streams, wanted_symbols_number(self->wanted_symbols, subscription));
    else if (subscription->state == SUBSCRIPTION_FAILED)
        log_failure(self, subscription, now_ns);
    if (failed && subscription->state == SUBSCRIPTION_TAKEN)
        log_info("source: subscription restored", LOG_SLICE("source", self->config->name),
                 LOG_SLICE("symbol", subscription->symbol));
    if (failed != symbol_subscription_fails(subscription))
        tell_soon(self);
    schedule(self, subscription->due_ns);
}

/* Where every event of a symbol's subscription goes through. */
static void happen(subscriber_t *self, symbol_subscription_t *subscription, symbol_subscription_event_t event, text_t why)
{
    int64_t now_ns = clock_mono_ns();
    symbol_subscription_moment_t moment = {.now_ns = now_ns, .patience_ms = patience_ms(self, now_ns), .why = why};
    symbol_subscription_state_t was = subscription->state;
    bool failed = symbol_subscription_fails(subscription);
    symbol_subscription_action_t action = symbol_subscription_event(subscription, event, &moment);
    if (action == SUBSCRIPTION_IGNORE)
        return;
    enter(self, subscription, failed, now_ns);
    self->retries += was == SUBSCRIPTION_FAILED && action == SUBSCRIPTION_SUBSCRIBE;
    if (action != SUBSCRIPTION_WAIT)
        send(self, subscription, action, now_ns);
}

static void ask(subscriber_t *self, symbol_subscription_t *subscription)
{
    if (self->connected)
        happen(self, subscription, subscription->wanted ? SUBSCRIPTION_WANT : SUBSCRIPTION_UNWANT, TEXT(""));
}

static void ask_for_all(subscriber_t *self)
{
    for (size_t i = 0; i < wanted_symbols_count(self->wanted_symbols); i++)
        ask(self, wanted_symbols_at(self->wanted_symbols, i));
}

static void on_due(void *arg)
{
    subscriber_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < wanted_symbols_count(self->wanted_symbols); i++) {
        symbol_subscription_t *subscription = wanted_symbols_at(self->wanted_symbols, i);
        if (subscription->due_ns != 0 && subscription->due_ns <= now_ns)
            happen(self, subscription, SUBSCRIPTION_DUE, TEXT(""));
    }
    self->due_ns = 0;
    schedule(self, wanted_symbols_due_ns(self->wanted_symbols));
}

static void on_news(void *arg)
{
    subscriber_t *self = arg;
    self->events->on_change(self->arg);
}

/* Runs the timer up to the nearest release. */
static void schedule_release(subscriber_t *self)
{
    int64_t nearest_ns = wanted_symbols_nearest_ns(self->wanted_symbols);
    if (nearest_ns == 0) {
        loop_timer_stop(self->grace);
        return;
    }
    int64_t left_ns = nearest_ns - clock_mono_ns();
    loop_timer_start(self->grace, left_ns > 0 ? (uint64_t)((left_ns + NS_PER_MS - 1) / NS_PER_MS) : 0, 0);
}

static void on_grace(void *arg)
{
    subscriber_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    symbol_subscription_t *subscription;
    while ((subscription = wanted_symbols_take_due(self->wanted_symbols, now_ns)))
        ask(self, subscription);
    schedule_release(self);
}

subscriber_t *subscriber_new(loop_t *loop, const connector_t *connector, source_config_t *config,
                             const subscriber_events_t *events, void *arg)
{
    subscriber_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (subscriber_t){
        .connector = connector, .config = config, .events = events, .arg = arg, .failing = buffer_new(0), .stamp = 1};
    self->grace = loop_timer_new(loop, on_grace, self);
    self->due = loop_timer_new(loop, on_due, self);
    self->news = loop_timer_new(loop, on_news, self);
    self->wanted_symbols = wanted_symbols_new(config);
    self->stale_streams = stale_streams_new(&config->starvation, config->symbols, config->symbol_count);
    if (!self->grace || !self->due || !self->news || !self->wanted_symbols || !self->stale_streams)
        subscriber_destroy(&self);
    return self;
}

void subscriber_destroy(subscriber_t **self_p)
{
    subscriber_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    loop_timer_destroy(&self->grace);
    loop_timer_destroy(&self->due);
    loop_timer_destroy(&self->news);
    stale_streams_destroy(&self->stale_streams);
    wanted_symbols_destroy(&self->wanted_symbols);
    buffer_release(&self->failing);
    free(self);
}

void subscriber_use(subscriber_t *self, void *instance)
{
    self->instance = instance;
}

void subscriber_connected(subscriber_t *self)
{
    self->connected = true;
    self->sent_ns = 0;
    stale_streams_connected(self->stale_streams, clock_mono_ns());
    ask_for_all(self);
}

/* What happens between connections says nothing of the streams. */
void subscriber_lost(subscriber_t *self)
{
    symbol_subscription_moment_t moment = {.now_ns = clock_mono_ns()};
    self->connected = false;
    for (size_t i = 0; i < wanted_symbols_count(self->wanted_symbols); i++)
        symbol_subscription_event(wanted_symbols_at(self->wanted_symbols, i), SUBSCRIPTION_LOST, &moment);
    stale_streams_rest_all(self->stale_streams);
    self->due_ns = 0;
    loop_timer_stop(self->due);
    loop_timer_stop(self->news);
}

void subscriber_stop(subscriber_t *self)
{
    loop_timer_stop(self->grace);
    subscriber_lost(self);
}

void subscriber_resume(subscriber_t *self)
{
    schedule_release(self);
}

static symbol_subscription_t *find_demanded(subscriber_t *self, text_t symbol)
{
    return self->config->demand ? wanted_symbols_find(self->wanted_symbols, symbol) : NULL;
}

void subscriber_want(subscriber_t *self, text_t symbol)
{
    symbol_subscription_t *subscription = find_demanded(self, symbol);
    if (!subscription)
        return;
    subscription->wanted = true;
    subscription->release_ns = 0;
    ask(self, subscription);
}

void subscriber_release(subscriber_t *self, text_t symbol)
{
    symbol_subscription_t *subscription = find_demanded(self, symbol);
    if (!subscription || !subscription->wanted)
        return;
    subscription->release_ns = clock_mono_ns() + self->config->grace_ms * NS_PER_MS;
    schedule_release(self);
}

/* Tells the exchange what is no longer offered. */
static void leave(subscriber_t *self, wanted_symbols_t *former)
{
    for (size_t i = 0; i < wanted_symbols_count(former) && self->connected; i++) {
        const symbol_subscription_t *subscription = wanted_symbols_at(former, i);
        if (subscription->state != SUBSCRIPTION_IDLE && !wanted_symbols_find(self->wanted_symbols, subscription->symbol))
            self->connector->unsubscribe(self->instance, subscription->symbol);
    }
}

static void inherit(wanted_symbols_t *wanted_symbols, const wanted_symbols_t *former, stale_streams_t *stale_streams,
                    const stale_streams_t *starved)
{
    wanted_symbols_inherit(wanted_symbols, former);
    for (size_t i = 0; i < wanted_symbols_count(wanted_symbols); i++) {
        const symbol_subscription_t *subscription = wanted_symbols_find(former, wanted_symbols_at(wanted_symbols, i)->symbol);
        if (subscription)
            stale_streams_inherit(stale_streams, i, starved, wanted_symbols_number(former, subscription));
    }
}

bool subscriber_change(subscriber_t *self, source_config_t *symbols)
{
    symbols->demand = self->config->demand;
    symbols->backoff = self->config->backoff;
    wanted_symbols_t *wanted_symbols = wanted_symbols_new(symbols);
    stale_streams_t *stale_streams = stale_streams_new(&self->config->starvation, symbols->symbols, symbols->symbol_count);
    if (!wanted_symbols || !stale_streams) {
        wanted_symbols_destroy(&wanted_symbols);
        stale_streams_destroy(&stale_streams);
        return false;
    }
    inherit(wanted_symbols, self->wanted_symbols, stale_streams, self->stale_streams);
    wanted_symbols_t *former = self->wanted_symbols;
    self->wanted_symbols = wanted_symbols;
    self->stamp++;
    stale_streams_destroy(&self->stale_streams);
    self->stale_streams = stale_streams;
    source_config_swap_symbols(self->config, symbols);
    leave(self, former);
    wanted_symbols_destroy(&former);
    ask_for_all(self);
    schedule_release(self);
    return true;
}

void subscriber_confirmed(subscriber_t *self, text_t symbol, bool subscribed)
{
    symbol_subscription_t *subscription = wanted_symbols_find(self->wanted_symbols, symbol);
    if (subscription)
        happen(self, subscription, subscribed ? SUBSCRIPTION_CONFIRMED : SUBSCRIPTION_ENDED, TEXT(""));
}

void subscriber_rejected(subscriber_t *self, text_t symbol, text_t reason)
{
    symbol_subscription_t *subscription = wanted_symbols_find(self->wanted_symbols, symbol);
    if (subscription)
        happen(self, subscription, SUBSCRIPTION_REJECTED, reason);
}

symbol_subscription_t *subscriber_find(const subscriber_t *self, const trade_t *record, memo_t *memo)
{
    char subject[SUBJECT_MAX];
    symbol_subscription_t *subscription = memo_read(memo, self->stamp);
    if (subscription) {
        stale_streams_fetch(self->stale_streams, wanted_symbols_number(self->wanted_symbols, subscription));
        return subscription;
    }
    subscription = wanted_symbols_find(self->wanted_symbols, (text_t){subject, record_subject(subject, record)});
    memo_write(memo, self->stamp, subscription);
    return subscription;
}

void subscriber_trade(subscriber_t *self, symbol_subscription_t *subscription, int64_t now_ns)
{
    if (subscription->state == SUBSCRIPTION_ASKED || subscription->state == SUBSCRIPTION_FAILED)
        happen(self, subscription, SUBSCRIPTION_CONFIRMED, TEXT(""));
    if (stale_streams_trade(self->stale_streams, wanted_symbols_number(self->wanted_symbols, subscription), now_ns))
        tell_soon(self);
}

static void resubscribe(subscriber_t *self, size_t number, int64_t now_ns)
{
    symbol_subscription_t *subscription = wanted_symbols_at(self->wanted_symbols, number);
    stale_streams_tried(self->stale_streams, REMEDY_RESUBSCRIBE, number, now_ns);
    if (subscription->state != SUBSCRIPTION_TAKEN)
        return; /* it is being asked for anyway */
    self->resubscribes++;
    log_warn_limited(
        &self->remedy_limit, "source: resubscribing a stale symbol", LOG_SLICE("source", self->config->name),
        LOG_SLICE("symbol", subscription->symbol),
        LOG_U64("silence_ms", (uint64_t)(stale_streams_silence_ns(self->stale_streams, number, now_ns) / NS_PER_MS)));
    happen(self, subscription, SUBSCRIPTION_RENEW, TEXT(""));
}

static void reconnect(subscriber_t *self, size_t number, int64_t now_ns)
{
    char reason[DRY_REASON_MAX];
    text_t symbol = wanted_symbols_at(self->wanted_symbols, number)->symbol;
    snprintf(reason, sizeof reason, "no trades of %.*s for %llu ms, although it was subscribed again", TEXT_ARG(symbol),
             (unsigned long long)(stale_streams_silence_ns(self->stale_streams, number, now_ns) / NS_PER_MS));
    stale_streams_tried(self->stale_streams, REMEDY_RECONNECT, number, now_ns);
    self->events->on_dry(self->arg, reason);
}

/* Not of a recording: its trades come when they are due, and what is left out is gone. */
static void apply_remedy(subscriber_t *self, int64_t now_ns)
{
    size_t at = 0, number;
    remedy_t remedy;
    while (!self->connector->whole &&
           (remedy = stale_streams_remedy(self->stale_streams, &at, now_ns, &number)) != REMEDY_NONE) {
        text_t symbol = remedy == REMEDY_RECONNECT ? TEXT("") : wanted_symbols_at(self->wanted_symbols, number)->symbol;
        if (!self->events->may_leave(self->arg, symbol))
            continue;
        if (remedy == REMEDY_RECONNECT) {
            reconnect(self, number, now_ns);
            return;
        }
        resubscribe(self, number, now_ns);
    }
}

void subscriber_check(subscriber_t *self, int64_t now_ns)
{
    if (stale_streams_check(self->stale_streams, now_ns)) {
        log_warn_limited(&self->stale_limit, "source: no trades for an unlikely time", LOG_SLICE("source", self->config->name),
                         LOG_SLICE("stale", stale_streams_print(self->stale_streams, now_ns)));
        loop_timer_stop(self->news);
        self->events->on_change(self->arg); /* at once: what is done about it may end it before long */
    }
    apply_remedy(self, now_ns);
}

static text_t print_failing(subscriber_t *self)
{
    if (wanted_symbols_failing(self->wanted_symbols) == 0)
        return TEXT("{}");
    buffer_clear(&self->failing);
    buffer_append(&self->failing, TEXT("{"));
    for (size_t i = 0; i < wanted_symbols_count(self->wanted_symbols); i++) {
        const symbol_subscription_t *subscription = wanted_symbols_at(self->wanted_symbols, i);
        if (!symbol_subscription_fails(subscription))
            continue;
        if (self->failing.length > 1)
            buffer_append(&self->failing, TEXT(","));
        status_put_failing(&self->failing, subscription->symbol, symbol_subscription_reason(subscription));
    }
    buffer_append(&self->failing, TEXT("}"));
    return buffer_ok(&self->failing) ? buffer_text(&self->failing) : TEXT("{}");
}

void subscriber_describe(subscriber_t *self, status_t *status)
{
    status->stale = stale_streams_print(self->stale_streams, clock_mono_ns());
    status->failing = print_failing(self);
    status->retries = self->retries;
    status->resubscribes = self->resubscribes;
}

size_t subscriber_asked(const subscriber_t *self)
{
    return wanted_symbols_asked(self->wanted_symbols);
}

size_t subscriber_ailing(const subscriber_t *self)
{
    size_t ailing = 0;
    for (size_t i = 0; i < wanted_symbols_count(self->wanted_symbols); i++)
        ailing += symbol_subscription_fails(wanted_symbols_at(self->wanted_symbols, i)) ||
                  stale_streams_is_stale(self->stale_streams, i);
    return ailing;
}

bool subscriber_has(const subscriber_t *self, text_t symbol)
{
    const symbol_subscription_t *subscription = wanted_symbols_find(self->wanted_symbols, symbol);
    return subscription && subscription->state == SUBSCRIPTION_TAKEN;
}

text_t subscriber_failure(const subscriber_t *self, text_t symbol)
{
    const symbol_subscription_t *subscription = wanted_symbols_find(self->wanted_symbols, symbol);
    return subscription ? symbol_subscription_reason(subscription) : TEXT("");
}
