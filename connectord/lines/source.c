#include "connectord/lines/source.h"

#include "common/clock.h"
#include "connectord/lines/source_state.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAMES_MAX = 256, CHECK_MS = 250, HELD_MS = 100 };

static void tell(source_t *self, connection_news_t news)
{
    static const status_event_t events[] = {[CONNECTION_TELL_CONNECTED] = STATUS_CONNECTED,
                                            [CONNECTION_TELL_LOST] = STATUS_LOST,
                                            [CONNECTION_TELL_RESTORED] = STATUS_RESTORED};
    if (news == CONNECTION_TELL_NOTHING)
        return;
    self->since_ns = clock_real_ns();
    self->events->on_status(self->arg, self, events[news]);
}

static void log_breaker(source_t *self)
{
    log_warn_limited(&self->breaker_limit, "source: circuit breaker", LOG_SLICE("source", self->config.name),
                     LOG_TEXT("state", breaker_name(self->connection.breaker.state)));
}

static void lose(source_t *self, const connection_step_t *step)
{
    if (step->news == CONNECTION_TELL_LOST)
        health_lost(&self->health, clock_mono_ns());
    loop_timer_stop(self->check);
    subscriber_lost(self->subscriber);
    log_warn_limited(&self->lost_limit, "source: lost", LOG_SLICE("source", self->config.name),
                     LOG_TEXT("reason", self->reason), LOG_U64("retry_ms", step->delay_ms));
    loop_timer_start(self->due, step->delay_ms + (step->delay_ms > 0), 0); /* never early: the ms has begun */
    tell(self, step->news);
}

static void carry_out(source_t *self, connection_step_t step)
{
    switch (step.action) {
    case CONNECTION_CONNECT:
        self->connector->connect(self->instance);
        break;
    case CONNECTION_GREET:
        self->reason[0] = '\0';
        log_info("source: connected", LOG_SLICE("source", self->config.name));
        tell(self, step.news);
        loop_timer_start(self->check, CHECK_MS, CHECK_MS);
        subscriber_connected(self->subscriber);
        break;
    case CONNECTION_DROP:
        self->connector->disconnect(self->instance);
        /* fall through */
    case CONNECTION_WAIT:
        lose(self, &step);
        break;
    case CONNECTION_DISCONNECT:
        loop_timer_stop(self->due);
        loop_timer_stop(self->check);
        subscriber_stop(self->subscriber);
        self->connector->disconnect(self->instance);
        break;
    case CONNECTION_IGNORE:
        break;
    }
}

void source_happen(source_t *self, connection_event_t event)
{
    breaker_state_t was = self->connection.breaker.state;
    connection_step_t step = connection_event(&self->connection, event, clock_mono_ns());
    bool changed = self->connection.breaker.state != was;
    if (changed && was == BREAKER_CLOSED) /* trials that fail are logged as lost already */
        log_breaker(self);
    carry_out(self, step);
    if (changed && step.news == CONNECTION_TELL_NOTHING)
        self->events->on_status(self->arg, self, STATUS_HEARTBEAT);
}

/* A connection that is not read is unusable. */
static void on_due(void *arg)
{
    source_t *self = arg;
    if (web_is_held(self->web))
        loop_timer_start(self->due, HELD_MS, 0);
    else
        source_happen(self, CONNECTION_DUE);
}

static void on_check(void *arg)
{
    source_t *self = arg;
    int64_t now_ns = clock_mono_ns();
    if (connection_check(&self->connection, now_ns)) {
        log_breaker(self);
        self->events->on_status(self->arg, self, STATUS_HEARTBEAT);
    }
    if (!web_is_held(self->web))
        subscriber_check(self->subscriber, now_ns);
}

static void on_change(void *arg)
{
    source_t *self = arg;
    self->events->on_status(self->arg, self, STATUS_HEARTBEAT);
}

static bool may_leave(void *arg, text_t symbol)
{
    source_t *self = arg;
    return self->events->may_leave(self->arg, self, symbol);
}

/* As after a hole in the numbering: at once, unless that has just been done. */
static void on_dry(void *arg, const char *reason)
{
    source_t *self = arg;
    snprintf(self->reason, sizeof self->reason, "%s", reason);
    source_happen(self, CONNECTION_GAP);
}

static const subscriber_events_t subscriber_events = {.on_change = on_change, .may_leave = may_leave, .on_dry = on_dry};

source_t *source_new(loop_t *loop, web_t *web, source_config_t *config, const source_events_t *events, void *arg)
{
    const connector_t *connector = connector_find(config->connector);
    if (!connector) {
        char names[NAMES_MAX];
        connector_names(names, sizeof names);
        log_error("source: unknown connector", LOG_SLICE("source", config->name), LOG_TEXT("expected", names),
                  LOG_TEXT("found", config->connector));
    }
    return source_new_with(connector, loop, web, config, events, arg);
}

source_t *source_new_with(const connector_t *connector, loop_t *loop, web_t *web, source_config_t *config,
                          const source_events_t *events, void *arg)
{
    source_t *self = connector ? calloc(1, sizeof *self) : NULL;
    if (!self) {
        source_config_release(config);
        return NULL;
    }
    *self = (source_t){.config = *config, .web = web, .connector = connector, .events = events, .arg = arg};
    *config = (source_config_t){0};
    self->since_ns = clock_real_ns();
    self->connection =
        connection_new(self->config.backoff, self->config.breaker, (uint64_t)self->since_ns ^ text_hash(self->config.name));
    self->health = health_new();
    self->due = loop_timer_new(loop, on_due, self);
    self->check = loop_timer_new(loop, on_check, self);
    self->subscriber = subscriber_new(loop, connector, &self->config, &subscriber_events, self);
    if (self->due && self->check && self->subscriber)
        self->instance = connector->open(loop, web, &self->config, &source_connector_events, self);
    if (self->instance)
        subscriber_use(self->subscriber, self->instance);
    else
        source_destroy(&self);
    return self;
}

void source_start(source_t *self)
{
    source_happen(self, CONNECTION_START);
    subscriber_resume(self->subscriber); /* the release of what was no longer wanted when it was stopped */
}

void source_want(source_t *self, text_t symbol)
{
    subscriber_want(self->subscriber, symbol);
}

void source_release(source_t *self, text_t symbol)
{
    subscriber_release(self->subscriber, symbol);
}

bool source_change_symbols(source_t *self, source_config_t *symbols)
{
    return subscriber_change(self->subscriber, symbols);
}

bool source_has(const source_t *self, text_t symbol)
{
    return subscriber_has(self->subscriber, symbol);
}

text_t source_failure(const source_t *self, text_t symbol)
{
    return subscriber_failure(self->subscriber, symbol);
}

const source_config_t *source_config(const source_t *self)
{
    return &self->config;
}

void source_describe(const source_t *self, status_t *status)
{
    status->source = self->config.name;
    connection_describe(&self->connection, status);
    status->since_ns = self->since_ns;
    status->reason = text_of(self->reason);
    status->demand = self->config.demand;
    status->trades = self->trades;
    status->duplicates = self->duplicates;
    status->malformed = self->malformed;
    status->gaps = self->gaps;
    status->missed_known = status->connected && self->connector->whole && !connector_repeats(self->connector, &self->config);
    size_t ailing = subscriber_ailing(self->subscriber), asked = subscriber_asked(self->subscriber);
    status->health = status->connected ? health_score(&self->health, ailing, asked, clock_mono_ns()) : 0;
    subscriber_describe(self->subscriber, status);
}

bool source_post(source_t *self, http_connection_t *from, const http_request_t *request)
{
    if (self->connector->post)
        self->connector->post(self->instance, from, request);
    return self->connector->post != NULL;
}

bool source_lose(source_t *self, text_t reason)
{
    if (self->connector->whole)
        return false;
    if (self->connection.state == CONNECTION_CONNECTED)
        snprintf(self->reason, sizeof self->reason, "%.*s", TEXT_ARG(reason));
    source_happen(self, CONNECTION_GAP);
    return true;
}

void source_stop(source_t *self)
{
    source_happen(self, CONNECTION_STOP);
}

void source_destroy(source_t **self_p)
{
    source_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    self->connector->close(self->instance);
    loop_timer_destroy(&self->due);
    loop_timer_destroy(&self->check);
    subscriber_destroy(&self->subscriber);
    source_config_release(&self->config);
    free(self);
}
