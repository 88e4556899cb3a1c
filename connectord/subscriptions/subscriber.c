#include "connectord/subscriptions/subscriber.h"

#include "common/clock.h"
#include "common/log.h"
#include "connectord/health/starvation.h"
#include "connectord/subscriptions/wishes.h"

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
    loop_timer_t *news;  /* tells in one go what came in a moment: many may fail together */
    int64_t due_ns;      /* when `due` fires; 0: it does not run */
    int64_t sent_ns;     /* when all that was asked for has surely gone out */
    bool connected;
    wishes_t *wishes;
    starvation_t *starvation; /* numbered as the wishes */
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

static void log_failure(subscriber_t *self, const wish_t *wish, int64_t now_ns)
{
    if (log_allowed(&self->failed_limit, now_ns))
        log_warn("source: subscription fails", LOG_SLICE("source", self->config->name), LOG_SLICE("symbol", wish->symbol),
                 LOG_SLICE("reason", wish_reason(wish)), LOG_U64("retry_ms", (uint64_t)((wish->due_ns - now_ns) / NS_PER_MS)),
                 LOG_U64("suppressed", log_suppressed(&self->failed_limit)));
}

/* The stream's trades are expected from now on; one that starves goes on to do so until it has one. */
static void on_taken(subscriber_t *self, const wish_t *wish, int64_t now_ns)
{
    size_t number = wishes_number(self->wishes, wish);
    if (!starvation_is_stale(self->starvation, number))
        starvation_expect(self->starvation, number, now_ns);
}

static void send(subscriber_t *self, const wish_t *wish, wish_action_t action, int64_t now_ns)
{
    self->sent_ns = (self->sent_ns > now_ns ? self->sent_ns : now_ns) + cost_ns(self);
    if (action == WISH_SUBSCRIBE)
        self->connector->subscribe(self->instance, wish->symbol);
    else
        self->connector->unsubscribe(self->instance, wish->symbol);
}

/* What follows from the state that a wish has come to. */
static void enter(subscriber_t *self, const wish_t *wish, bool failed, int64_t now_ns)
{
    if (wish->state == WISH_TAKEN)
        on_taken(self, wish, now_ns);
    else if (wish->state == WISH_IDLE)
        starvation_rest(self->starvation, wishes_number(self->wishes, wish));
    else if (wish->state == WISH_FAILED)
        log_failure(self, wish, now_ns);
    if (failed && wish->state == WISH_TAKEN)
        log_info("source: subscription restored", LOG_SLICE("source", self->config->name), LOG_SLICE("symbol", wish->symbol));
    if (failed != wish_fails(wish) && !loop_timer_running(self->news))
        loop_timer_start(self->news, NEWS_MS, 0);
    schedule(self, wish->due_ns);
}

/* Where every event of a symbol's subscription goes through. */
static void happen(subscriber_t *self, wish_t *wish, wish_event_t event, text_t why)
{
    int64_t now_ns = clock_mono_ns();
    wish_moment_t moment = {.now_ns = now_ns, .patience_ms = patience_ms(self, now_ns), .why = why};
    wish_state_t was = wish->state;
    bool failed = wish_fails(wish);
    wish_action_t action = wish_event(wish, event, &moment);
    if (action == WISH_IGNORE)
        return;
    enter(self, wish, failed, now_ns);
    self->retries += was == WISH_FAILED && action == WISH_SUBSCRIBE;
    if (action != WISH_WAIT)
        send(self, wish, action, now_ns);
}

static void ask(subscriber_t *self, wish_t *wish)
{
    if (self->connected)
        happen(self, wish, wish->wanted ? WISH_WANT : WISH_UNWANT, TEXT(""));
}

static void ask_for_all(subscriber_t *self)
{
    for (size_t i = 0; i < wishes_count(self->wishes); i++)
        ask(self, wishes_at(self->wishes, i));
}

static void on_due(void *arg)
{
    subscriber_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    for (size_t i = 0; i < wishes_count(self->wishes); i++) {
        wish_t *wish = wishes_at(self->wishes, i);
        if (wish->due_ns != 0 && wish->due_ns <= now_ns)
            happen(self, wish, WISH_DUE, TEXT(""));
    }
    self->due_ns = 0;
    schedule(self, wishes_due_ns(self->wishes));
}

static void on_news(void *arg)
{
    subscriber_t *self = arg;
    self->events->on_change(self->arg);
}

/* Runs the timer up to the nearest release. */
static void schedule_release(subscriber_t *self)
{
    int64_t nearest_ns = wishes_nearest_ns(self->wishes);
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
    wish_t *wish;
    while ((wish = wishes_take_due(self->wishes, now_ns)))
        ask(self, wish);
    schedule_release(self);
}

subscriber_t *subscriber_new(loop_t *loop, const connector_t *connector, source_config_t *config,
                             const subscriber_events_t *events, void *arg)
{
    subscriber_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (subscriber_t){.connector = connector, .config = config, .events = events, .arg = arg, .failing = buffer_new(0)};
    self->grace = loop_timer_new(loop, on_grace, self);
    self->due = loop_timer_new(loop, on_due, self);
    self->news = loop_timer_new(loop, on_news, self);
    self->wishes = wishes_new(config);
    self->starvation = starvation_new(&config->starvation, config->symbols, config->symbol_count);
    if (!self->grace || !self->due || !self->news || !self->wishes || !self->starvation)
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
    starvation_destroy(&self->starvation);
    wishes_destroy(&self->wishes);
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
    starvation_connected(self->starvation, clock_mono_ns());
    ask_for_all(self);
}

/* What happens between connections says nothing of the streams. */
void subscriber_lost(subscriber_t *self)
{
    wish_moment_t moment = {.now_ns = clock_mono_ns()};
    self->connected = false;
    for (size_t i = 0; i < wishes_count(self->wishes); i++)
        wish_event(wishes_at(self->wishes, i), WISH_LOST, &moment);
    starvation_rest_all(self->starvation);
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

static wish_t *find_demanded(subscriber_t *self, text_t symbol)
{
    return self->config->demand ? wishes_find(self->wishes, symbol) : NULL;
}

void subscriber_want(subscriber_t *self, text_t symbol)
{
    wish_t *wish = find_demanded(self, symbol);
    if (!wish)
        return;
    wish->wanted = true;
    wish->release_ns = 0;
    ask(self, wish);
}

void subscriber_release(subscriber_t *self, text_t symbol)
{
    wish_t *wish = find_demanded(self, symbol);
    if (!wish || !wish->wanted)
        return;
    wish->release_ns = clock_mono_ns() + self->config->grace_ms * NS_PER_MS;
    schedule_release(self);
}

/* Tells the exchange what is not offered any more. */
static void leave(subscriber_t *self, wishes_t *former)
{
    for (size_t i = 0; i < wishes_count(former) && self->connected; i++) {
        const wish_t *wish = wishes_at(former, i);
        if (wish->state != WISH_IDLE && !wishes_find(self->wishes, wish->symbol))
            self->connector->unsubscribe(self->instance, wish->symbol);
    }
}

static void inherit(wishes_t *wishes, const wishes_t *former, starvation_t *starvation, const starvation_t *starved)
{
    wishes_inherit(wishes, former);
    for (size_t i = 0; i < wishes_count(wishes); i++) {
        const wish_t *wish = wishes_find(former, wishes_at(wishes, i)->symbol);
        if (wish)
            starvation_inherit(starvation, i, starved, wishes_number(former, wish));
    }
}

bool subscriber_change(subscriber_t *self, source_config_t *symbols)
{
    symbols->demand = self->config->demand;
    symbols->backoff = self->config->backoff;
    wishes_t *wishes = wishes_new(symbols);
    starvation_t *starvation = starvation_new(&self->config->starvation, symbols->symbols, symbols->symbol_count);
    if (!wishes || !starvation) {
        wishes_destroy(&wishes);
        starvation_destroy(&starvation);
        return false;
    }
    inherit(wishes, self->wishes, starvation, self->starvation);
    wishes_t *former = self->wishes;
    self->wishes = wishes;
    starvation_destroy(&self->starvation);
    self->starvation = starvation;
    source_config_swap_symbols(self->config, symbols);
    leave(self, former);
    wishes_destroy(&former);
    ask_for_all(self);
    schedule_release(self);
    return true;
}

void subscriber_confirmed(subscriber_t *self, text_t symbol, bool subscribed)
{
    wish_t *wish = wishes_find(self->wishes, symbol);
    if (wish)
        happen(self, wish, subscribed ? WISH_CONFIRMED : WISH_ENDED, TEXT(""));
}

void subscriber_rejected(subscriber_t *self, text_t symbol, text_t reason)
{
    wish_t *wish = wishes_find(self->wishes, symbol);
    if (wish)
        happen(self, wish, WISH_REJECTED, reason);
}

/* A stream that starved and lives again is told at once. */
void subscriber_trade(subscriber_t *self, text_t symbol, int64_t now_ns)
{
    wish_t *wish = wishes_find(self->wishes, symbol);
    if (!wish)
        return;
    if (wish->state == WISH_ASKED || wish->state == WISH_FAILED)
        happen(self, wish, WISH_CONFIRMED, TEXT(""));
    if (starvation_trade(self->starvation, wishes_number(self->wishes, wish), now_ns))
        self->events->on_change(self->arg);
}

static void resubscribe(subscriber_t *self, size_t number, int64_t now_ns)
{
    wish_t *wish = wishes_at(self->wishes, number);
    starvation_tried(self->starvation, REMEDY_RESUBSCRIBE, number, now_ns);
    if (wish->state != WISH_TAKEN)
        return; /* it is being asked for anyway */
    self->resubscribes++;
    if (log_allowed(&self->remedy_limit, now_ns))
        log_warn("source: resubscribes what starves", LOG_SLICE("source", self->config->name),
                 LOG_SLICE("symbol", wish->symbol),
                 LOG_U64("silence_ms", (uint64_t)(starvation_silence_ns(self->starvation, number, now_ns) / NS_PER_MS)),
                 LOG_U64("suppressed", log_suppressed(&self->remedy_limit)));
    happen(self, wish, WISH_RENEW, TEXT(""));
}

static void reconnect(subscriber_t *self, size_t number, int64_t now_ns)
{
    char reason[DRY_REASON_MAX];
    text_t symbol = wishes_at(self->wishes, number)->symbol;
    snprintf(reason, sizeof reason, "no trades of %.*s for %llu ms, although it was subscribed again", TEXT_ARG(symbol),
             (unsigned long long)(starvation_silence_ns(self->starvation, number, now_ns) / NS_PER_MS));
    starvation_tried(self->starvation, REMEDY_RECONNECT, number, now_ns);
    self->events->on_dry(self->arg, reason);
}

/* Not of a recording: its trades come when they are due, and what is left out is gone. */
static void cure(subscriber_t *self, int64_t now_ns)
{
    size_t at = 0, number;
    remedy_t remedy;
    while (!self->connector->whole && (remedy = starvation_remedy(self->starvation, &at, now_ns, &number)) != REMEDY_NONE) {
        text_t symbol = remedy == REMEDY_RECONNECT ? TEXT("") : wishes_at(self->wishes, number)->symbol;
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
    if (starvation_check(self->starvation, now_ns)) {
        if (log_allowed(&self->stale_limit, now_ns))
            log_warn("source: no trades for longer than is likely", LOG_SLICE("source", self->config->name),
                     LOG_SLICE("stale", starvation_print(self->starvation, now_ns)),
                     LOG_U64("suppressed", log_suppressed(&self->stale_limit)));
        self->events->on_change(self->arg);
    }
    cure(self, now_ns);
}

static text_t print_failing(subscriber_t *self)
{
    if (wishes_failing(self->wishes) == 0)
        return TEXT("{}");
    buffer_clear(&self->failing);
    buffer_append(&self->failing, TEXT("{"));
    for (size_t i = 0; i < wishes_count(self->wishes); i++) {
        const wish_t *wish = wishes_at(self->wishes, i);
        if (!wish_fails(wish))
            continue;
        if (self->failing.length > 1)
            buffer_append(&self->failing, TEXT(","));
        status_put_failing(&self->failing, wish->symbol, wish_reason(wish));
    }
    buffer_append(&self->failing, TEXT("}"));
    return buffer_ok(&self->failing) ? buffer_text(&self->failing) : TEXT("{}");
}

void subscriber_describe(subscriber_t *self, status_t *status)
{
    status->stale = starvation_print(self->starvation, clock_mono_ns());
    status->failing = print_failing(self);
    status->retries = self->retries;
    status->resubscribes = self->resubscribes;
}

size_t subscriber_asked(const subscriber_t *self)
{
    return wishes_asked(self->wishes);
}

size_t subscriber_ailing(const subscriber_t *self)
{
    size_t ailing = 0;
    for (size_t i = 0; i < wishes_count(self->wishes); i++)
        ailing += wish_fails(wishes_at(self->wishes, i)) || starvation_is_stale(self->starvation, i);
    return ailing;
}

bool subscriber_has(const subscriber_t *self, text_t symbol)
{
    const wish_t *wish = wishes_find(self->wishes, symbol);
    return wish && wish->state == WISH_TAKEN;
}

text_t subscriber_failure(const subscriber_t *self, text_t symbol)
{
    const wish_t *wish = wishes_find(self->wishes, symbol);
    return wish ? wish_reason(wish) : TEXT("");
}
