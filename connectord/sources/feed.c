#include "connectord/sources/feed.h"

#include "common/clock.h"
#include "common/log.h"
#include "connectord/sources/feed_state.h"
#include "proto/topic.h"

#include <stdlib.h>

/* False where the trade is lost. It is published as soon as the journal has it safe. */
static bool feed_route_publish(feed_route_t *route, trade_t *trade)
{
    feed_t *feed = route->feed;
    const feed_shared_t *shared = feed->shared;
    trade->cursor = (cursor_t){journal_epoch(shared->journal), journal_last(route->stream) + 1};
    char json[RECORD_MAX];
    size_t length = record_print(json, trade);
    return backpressure_append(shared->backpressure, route->stream, &feed->unjournaled, (text_t){json, length});
}

bool feed_stands_by(const feed_t *self)
{
    return self->member && group_member_role(self->member) == GROUP_STANDBY;
}

static bool is_future(const feed_t *self, const trade_t *trade)
{
    return trade_is_future(trade, redundant_lines_config(self->lines)->future_ms * NS_PER_MS);
}

/* The time of one of the future tells nothing of how far its line has come: it is remembered as long as the window holds. */
int64_t feed_route_time(const feed_route_t *route, const trade_t *trade)
{
    if (redundant_lines_count(route->feed->lines) == 1)
        return 0;
    return is_future(route->feed, trade) ? INT64_MIN : trade->timestamp_ns;
}

/* The line has come that far. */
static int64_t feed_route_passed(feed_route_t *route, size_t line, const trade_t *trade)
{
    int64_t time_ns = feed_route_time(route, trade);
    if (time_ns == 0 || time_ns == INT64_MIN)
        return time_ns;
    line_progress_passed(&route->progress, line, time_ns);
    seen_trades_keep(&route->seen, line_progress_since_ns(&route->progress));
    return time_ns;
}

static void on_line(void *arg, size_t line, bool up)
{
    feed_t *self = arg;
    for (size_t i = 0; i < self->count && redundant_lines_count(self->lines) > 1; i++) {
        feed_route_t *route = self->routes[i];
        if (up)
            line_progress_join(&route->progress, line);
        else
            line_progress_leave(&route->progress, line);
        seen_trades_keep(&route->seen, line_progress_since_ns(&route->progress));
    }
    for (size_t i = 0; i < self->count && !up; i++)
        feed_past_look(self->routes[i]);
}

static void on_symbol(void *arg, text_t symbol)
{
    const feed_t *self = arg;
    feed_route_t *route = table_get(self->by_symbol, symbol);
    if (route)
        feed_past_look(route);
}

static bool is_covered(void *arg, size_t line)
{
    const feed_t *self = arg;
    for (size_t i = 0; i < self->count; i++)
        if (!line_progress_covers(&self->routes[i]->progress, line))
            return false;
    return true;
}

/* False: it has come before. One that comes while the source stands by belongs to the time of another source, also when it is repeated
 * later. */
bool feed_route_take(feed_route_t *route, trade_t *trade, int64_t time_ns)
{
    feed_t *self = route->feed;
    bool named = trade->id.length > 0;
    seen_trade_t seen = named ? feed_route_seen(route, trade) : (seen_trade_t){0};
    dedup_verdict_t verdict = named ? seen_trades_look(&route->seen, &seen) : DEDUP_NEW;
    if (verdict == DEDUP_SEEN)
        return false;
    if (verdict == DEDUP_CONFLICT)
        oddities_conflict(&self->oddities, trade);
    if (is_future(self, trade))
        oddities_future(&self->oddities, trade);
    if (!feed_stands_by(self)) {
        if (!feed_route_publish(route, trade))
            return true;
        self->saved += redundant_lines_connected(self->lines) < redundant_lines_count(self->lines);
    }
    if (named)
        seen_trades_add(&route->seen, &seen, time_ns);
    return true;
}

/* NULL, with a log line: there is none. */
static feed_route_t *route_of(feed_t *self, const trade_t *trade, memo_t *memo)
{
    static log_limit_t limit;
    char room[SUBJECT_MAX];
    feed_route_t *route = memo_read(memo, self->stamp);
    if (route)
        return route;
    text_t subject = {room, record_subject(room, trade)};
    route = feed_route_for(self, subject);
    memo_write(memo, self->stamp, route);
    if (!route)
        log_warn_limited(&limit, "feed: trade of a symbol that is not configured", LOG_SLICE("source", trade->source),
                         LOG_SLICE("symbol", subject));
    return route;
}

static bool take(feed_t *self, size_t line, trade_t *trade, memo_t *memo, backfill_origin_t origin)
{
    uint64_t id;
    feed_route_t *route = route_of(self, trade, memo);
    if (!route)
        return true;
    journal_expect(route->stream);
    if (!route->remembered)
        feed_route_remember(route);
    bool counts = feed_past_counts(route, trade, &id);
    seen_trades_expect(&route->seen, trade->id, counts ? id : 0);
    int64_t time_ns = feed_route_passed(route, line, trade);
    return counts ? feed_past_take(route, trade, id, origin) : feed_route_take(route, trade, time_ns);
}

static bool on_trade(void *arg, size_t line, trade_t *trade, memo_t *memo)
{
    return take(arg, line, trade, memo, BACKFILL_LIVE);
}

static bool on_former(void *arg, size_t line, trade_t *trade, memo_t *memo)
{
    return take(arg, line, trade, memo, BACKFILL_FORMER);
}

static void on_tail(void *arg, size_t line, text_t symbol, uint64_t last_id)
{
    const feed_t *self = arg;
    feed_route_t *route = table_get(self->by_symbol, symbol);
    (void)line;
    if (route && route->remembered)
        feed_past_tail(route, last_id);
}

static bool is_stuck(const feed_t *self)
{
    return backpressure_reason(self->shared->backpressure).length > 0;
}

/* Where the journal takes none nothing is kept for later but the one that found that out: whoever offers the others has them still. */
static receipt_t on_offer(void *arg, size_t line, trade_t *trade)
{
    feed_t *self = arg;
    char room[SUBJECT_MAX];
    text_t subject = {room, record_subject(room, trade)};
    if (is_stuck(self) || feed_stands_by(self))
        return RECEIPT_REFUSED;
    feed_route_t *route = feed_route_for(self, subject);
    if (!route)
        return feed_may_come(self, subject) ? RECEIPT_REFUSED : RECEIPT_UNKNOWN;
    if (!route->remembered)
        feed_route_remember(route);
    return feed_route_take(route, trade, feed_route_passed(route, line, trade)) ? RECEIPT_TAKEN : RECEIPT_DUPLICATE;
}

static bool on_settle(void *arg, text_t subject, cursor_t *end)
{
    const feed_t *self = arg;
    const feed_route_t *route = table_get(self->by_symbol, subject);
    if (!route || is_stuck(self))
        return false;
    journal_flush(self->shared->journal);
    *end = (cursor_t){journal_epoch(self->shared->journal), journal_last(route->stream)};
    return true;
}

/* The group is told last: the loss of a source comes before the news that another one is active. */
static void on_status(void *arg, status_event_t event)
{
    feed_t *self = arg;
    status_t status = feed_status(self, event);
    bool fit = status.connected && status.health >= self->shared->health;
    publisher_status(self->shared->publisher, &status);
    if (self->member)
        group_member_report(self->member, fit ? FAILOVER_FIT : FAILOVER_UNFIT);
}

void feed_role_changed(void *item)
{
    feed_t *self = item;
    for (size_t i = 0; i < self->count; i++)
        feed_past_look(self->routes[i]);
    status_t status = feed_status(self, STATUS_HEARTBEAT);
    publisher_status(self->shared->publisher, &status);
}

static const redundant_lines_events_t lines_events = {.on_trade = on_trade,
                                                      .on_former = on_former,
                                                      .on_symbol = on_symbol,
                                                      .on_tail = on_tail,
                                                      .on_offer = on_offer,
                                                      .on_settle = on_settle,
                                                      .on_line = on_line,
                                                      .is_covered = is_covered,
                                                      .on_status = on_status};

static void on_wanted(void *item)
{
    const feed_route_t *route = item;
    redundant_lines_want(route->feed->lines, route->symbol);
}

static void on_released(void *item)
{
    const feed_route_t *route = item;
    redundant_lines_release(route->feed->lines, route->symbol);
}

const demand_events_t feed_demand_events = {on_wanted, on_released};

static bool feed_prepare(feed_t *self, source_config_t *settings)
{
    self->by_symbol = table_new();
    self->lines =
        self->by_symbol ? redundant_lines_new(self->shared->loop, self->shared->web, settings, &lines_events, self) : NULL;
    if (!self->lines)
        return false;
    const source_config_t *kept = redundant_lines_config(self->lines);
    bool prepared = feed_past_open(self) && feed_routes_add(self, kept) && feed_routes_offer(self, 0);
    if (prepared)
        feed_routes_add_known(self);
    if (prepared && kept->group.length > 0)
        prepared = (self->member = groups_join(self->shared->groups, kept->group, self)) != NULL;
    return prepared;
}

feed_t *feed_new(const feed_shared_t *shared, source_config_t *settings)
{
    feed_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->shared = shared;
    self->stamp = 1;
    self->symbols = buffer_new(0);
    self->former = buffer_new(0);
    self->channels = buffer_new(0);
    self->holes = buffer_new(0);
    self->backfills = buffer_new(0);
    if (!feed_prepare(self, settings))
        feed_destroy(&self);
    source_config_release(settings); /* nothing is left in it where the lines took it */
    return self;
}

const source_config_t *feed_config(const feed_t *self)
{
    return redundant_lines_config(self->lines);
}

/* The bus hears once more how far the streams have come that leave. */
bool feed_change_symbols(feed_t *self, source_config_t *settings)
{
    size_t former = self->count;
    feed_heartbeat(self);
    bool changed = feed_routes_add(self, settings) && redundant_lines_change_symbols(self->lines, settings) &&
                   feed_routes_offer(self, former);
    source_config_release(settings);
    if (!changed)
        log_error("feed: symbols can't be changed", LOG_SLICE("source", redundant_lines_config(self->lines)->name));
    feed_routes_drop(self);
    feed_heartbeat(self);
    return changed;
}

void feed_record(feed_t *self, const source_config_t *settings)
{
    redundant_lines_record(self->lines, settings);
}

void feed_move_last(feed_t *self)
{
    if (self->member)
        group_member_move_last(self->member);
}

void feed_start(feed_t *self)
{
    redundant_lines_start(self->lines);
}

bool feed_post(feed_t *self, http_connection_t *from, const http_request_t *request)
{
    return redundant_lines_post(self->lines, from, request);
}

bool feed_remember(feed_t *self)
{
    return feed_remember_next(self);
}

void feed_tell(feed_t *self)
{
    self->untold = false;
    on_status(self, STATUS_HEARTBEAT);
}

void feed_heartbeat(feed_t *self)
{
    feed_tell(self);
}

void feed_lose(feed_t *self)
{
    if (!redundant_lines_lose(self->lines, backpressure_reason(self->shared->backpressure)))
        return;
    backpressure_drop(self->shared->backpressure, &self->unjournaled);
    for (size_t i = 0; i < self->count; i++)
        feed_route_forget(self->routes[i]);
    self->known = 0;
}

void feed_stop(feed_t *self)
{
    redundant_lines_stop(self->lines);
    for (size_t i = 0; i < self->count; i++)
        feed_past_look(self->routes[i]);
}

void feed_withdraw(feed_t *self, status_event_t event)
{
    feed_stop(self);
    status_t status = feed_status(self, event);
    status.since_ns = status.time_ns;
    status.reason = event == STATUS_WITHDRAWN ? TEXT("withdrawn from the configuration") : TEXT("restarting with new settings");
    publisher_status(self->shared->publisher, &status);
    group_member_leave(&self->member);
}

void feed_destroy(feed_t **self_ref)
{
    feed_t *self = *self_ref;
    if (!self)
        return;
    backpressure_drop(self->shared->backpressure, &self->unjournaled);
    backpressure_drop(self->shared->backpressure, &self->uncovered);
    while (self->count > 0)
        feed_route_destroy(self->routes[--self->count]);
    feed_past_close(self);
    redundant_lines_destroy(&self->lines);
    table_destroy(&self->by_symbol);
    buffer_release(&self->symbols);
    buffer_release(&self->former);
    buffer_release(&self->channels);
    buffer_release(&self->holes);
    buffer_release(&self->backfills);
    free(self->routes);
    free(self);
    *self_ref = NULL;
}
