/* Over 400 lines, but one idea: a source's way from its lines to journal and bus, and what its status tells of it. */
#include "connectord/sources/feed.h"

#include "common/array.h"
#include "common/clock.h"
#include "common/json/json_write.h"
#include "common/log.h"
#include "common/table.h"
#include "connectord/health/oddities.h"
#include "connectord/journal/dedup.h"
#include "connectord/journal/fingerprint.h"
#include "connectord/sources/line_progress.h"
#include "proto/record.h"
#include "proto/topic.h"

#include <stdlib.h>

enum { ROUTES_MAX = 100000, CHANNELS_MAX = 64 };

/* One subject's way through connectord. */
typedef struct {
    feed_t *feed;
    char symbol_text[SUBJECT_MAX];
    text_t symbol;
    bool offered;    /* while the symbols change: by the new ones, too */
    bool came;       /* it is in no list of symbols: its channel takes every key */
    bool remembered; /* its last trades are in the window */
    journal_stream_t *stream;
    dedup_t *dedup;
    line_progress_t progress;
} feed_route_t;

struct feed {
    const feed_shared_t *shared;
    redundant_lines_t *lines;
    group_member_t *member; /* NULL: it is in no group */
    uint64_t saved;         /* trades journaled while not all lines were connected */
    unjournaled_t unjournaled;
    oddities_t oddities;
    feed_route_t **routes; /* owned, one for every symbol that the source offers */
    size_t count, room;
    size_t known; /* of them are remembered, the first ones */
    table_t *by_symbol;
    buffer_t symbols, former, channels; /* of the status that was made last */
};

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

static bool stands_by(const feed_t *self)
{
    return self->member && group_member_role(self->member) == GROUP_STANDBY;
}

static bool is_future(const feed_t *self, const trade_t *trade)
{
    return trade_is_future(trade, redundant_lines_config(self->lines)->future_ms * NS_PER_MS);
}

/* Returns when the trade was made, or 0 where that does not matter, as there is one line. The time of one of the future tells nothing of how
 * far its line has come: it is remembered as long as the window holds. */
static int64_t feed_route_passed(feed_route_t *route, size_t line, const trade_t *trade)
{
    int64_t time_ns = trade->timestamp_ns;
    if (redundant_lines_count(route->feed->lines) == 1)
        return 0;
    if (is_future(route->feed, trade))
        return INT64_MIN;
    line_progress_passed(&route->progress, line, time_ns);
    dedup_keep(route->dedup, line_progress_since_ns(&route->progress));
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
        dedup_keep(route->dedup, line_progress_since_ns(&route->progress));
    }
}

static bool is_covered(void *arg, size_t line)
{
    const feed_t *self = arg;
    for (size_t i = 0; i < self->count; i++)
        if (!line_progress_covers(&self->routes[i]->progress, line))
            return false;
    return true;
}

/* The stream's last trades, so that a restart does not publish again what the exchange repeats. To read them of all streams at the start
 * would take longer than to serve can wait. */
static void feed_route_remember(feed_route_t *route)
{
    journal_t *journal = route->feed->shared->journal;
    uint64_t window = redundant_lines_config(route->feed->lines)->dedup_window;
    uint64_t last = journal_last(route->stream), seq = journal_first(route->stream);
    if (last >= seq && last - seq >= window)
        seq = last - window + 1;
    for (trade_t trade; seq <= last; seq++) {
        if (!record_parse(journal_read(journal, route->stream, seq), &trade) || trade.id.length == 0)
            continue;
        uint64_t print = fingerprint(&trade);
        if (dedup_look(route->dedup, trade.id, print) != DEDUP_SEEN)
            dedup_add(route->dedup, trade.id, print, 0);
    }
    route->remembered = true;
}

/* False: it has come before. One that comes while the source stands by belongs to the time of another source, also when it is repeated
 * later. */
static bool feed_route_take(feed_route_t *route, trade_t *trade, int64_t time_ns)
{
    feed_t *self = route->feed;
    uint64_t print = fingerprint(trade);
    dedup_verdict_t verdict = trade->id.length > 0 ? dedup_look(route->dedup, trade->id, print) : DEDUP_NEW;
    if (verdict == DEDUP_SEEN)
        return false;
    if (verdict == DEDUP_CONFLICT)
        oddities_conflict(&self->oddities, trade);
    if (is_future(self, trade))
        oddities_future(&self->oddities, trade);
    if (!stands_by(self)) {
        if (!feed_route_publish(route, trade))
            return true;
        self->saved += redundant_lines_connected(self->lines) < redundant_lines_count(self->lines);
    }
    if (trade->id.length > 0)
        dedup_add(route->dedup, trade->id, print, time_ns);
    return true;
}

static feed_route_t *route_for(feed_t *self, text_t subject);
static bool may_come(const feed_t *self, text_t subject);

static bool on_trade(void *arg, size_t line, trade_t *trade)
{
    feed_t *self = arg;
    static log_limit_t limit;
    char room[SUBJECT_MAX];
    text_t subject = {room, record_subject(room, trade)};
    feed_route_t *route = route_for(self, subject);
    if (!route) {
        log_warn_limited(&limit, "feed: trade of a symbol that is not configured", LOG_SLICE("source", trade->source),
                         LOG_SLICE("symbol", subject));
        return true;
    }
    if (!route->remembered)
        feed_route_remember(route);
    return feed_route_take(route, trade, feed_route_passed(route, line, trade));
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
    if (is_stuck(self) || stands_by(self))
        return RECEIPT_REFUSED;
    feed_route_t *route = route_for(self, subject);
    if (!route)
        return may_come(self, subject) ? RECEIPT_REFUSED : RECEIPT_UNKNOWN;
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
    status_t status = feed_status(self, STATUS_HEARTBEAT);
    publisher_status(self->shared->publisher, &status);
}

static const redundant_lines_events_t lines_events = {.on_trade = on_trade,
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

static void feed_route_destroy(feed_route_t *route)
{
    if (route->stream)
        demand_withdraw(route->feed->shared->demand, journal_topic(route->stream), route);
    table_remove(route->feed->by_symbol, route->symbol);
    dedup_destroy(&route->dedup);
    free(route);
}

/* NULL when memory runs out, or the journal has no room. Not yet offered. */
static feed_route_t *feed_route_new(feed_t *feed, text_t symbol)
{
    const source_config_t *config = redundant_lines_config(feed->lines);
    feed_route_t *route = calloc(1, sizeof *route);
    if (!route)
        return NULL;
    char topic[TOPIC_MAX];
    size_t length = topic_print(topic, symbol, config->name);
    memcpy(route->symbol_text, symbol.at, symbol.length);
    route->feed = feed;
    route->symbol = (text_t){route->symbol_text, symbol.length};
    route->stream = journal_stream(feed->shared->journal, (text_t){topic, length});
    route->dedup = dedup_new(config->dedup_window);
    line_progress_init(&route->progress);
    for (size_t i = 0; i < LINES_MAX; i++)
        if (redundant_lines_count(feed->lines) > 1 && redundant_lines_is_up(feed->lines, i))
            line_progress_join(&route->progress, i);
    if (!route->stream || !route->dedup || !table_put(feed->by_symbol, route->symbol, route)) {
        feed_route_destroy(route);
        return NULL;
    }
    return route;
}

static feed_route_t *add_route(feed_t *self, text_t subject)
{
    if (!ARRAY_RESERVE(&self->routes, &self->room, self->count + 1, ARRAY_UNBOUNDED))
        return NULL;
    feed_route_t *route = feed_route_new(self, subject);
    if (route)
        self->routes[self->count++] = route;
    return route;
}

/* Is every key of the subject's channel offered by these settings? */
static bool takes_any(const source_config_t *settings, text_t subject)
{
    text_t channel, key, other;
    bool takes = false;
    subject_split(subject, &channel, &key);
    for (size_t i = 0; !takes && i < settings->symbol_count; i++) {
        subject_split(settings->symbols[i], &other, &key);
        takes = subject_is_any(settings->symbols[i]) && text_equal(other, channel);
    }
    return takes;
}

/* Could it have a route though it is in no list? */
static bool may_come(const feed_t *self, text_t subject)
{
    return self->count < ROUTES_MAX && takes_any(redundant_lines_config(self->lines), subject);
}

/* A route for one that came, in no list. */
static feed_route_t *add_route_of_any(feed_t *self, text_t subject)
{
    static log_limit_t limit;
    if (!takes_any(redundant_lines_config(self->lines), subject))
        return NULL;
    if (self->count >= ROUTES_MAX) {
        log_warn_limited(&limit, "feed: too many keys: one is left out", LOG_SLICE("key", subject),
                         LOG_U64("at_most", ROUTES_MAX));
        return NULL;
    }
    feed_route_t *route = add_route(self, subject);
    if (!route)
        return NULL;
    route->came = true;
    demand_offer(self->shared->demand, journal_topic(route->stream), route);
    return route;
}

static feed_route_t *route_for(feed_t *self, text_t subject)
{
    feed_route_t *route = table_get(self->by_symbol, subject);
    return route || subject_is_symbol(subject) ? route : add_route_of_any(self, subject);
}

/* A route for each symbol that has none yet. */
static bool add_routes(feed_t *self, const source_config_t *settings)
{
    for (size_t i = 0; i < settings->symbol_count; i++) {
        feed_route_t *route = table_get(self->by_symbol, settings->symbols[i]);
        if (route)
            route->came = false;
        else if (!subject_is_any(settings->symbols[i]) && !add_route(self, settings->symbols[i]))
            return false;
    }
    return true;
}

/* What came before a restart is in the journal. */
static void add_known_routes(feed_t *self)
{
    journal_stream_t *stream;
    text_t subject, source;
    for (size_t i = 0; (stream = journal_stream_at(self->shared->journal, i)); i++)
        if (topic_parse(journal_topic(stream), &subject, &source) &&
            text_equal(source, redundant_lines_config(self->lines)->name))
            route_for(self, subject);
}

/* Whoever wants one of the routes from this number on already is heard at once. */
static bool offer_routes(feed_t *self, size_t from)
{
    bool offered = true;
    for (size_t i = from; offered && i < self->count; i++)
        offered = demand_offer(self->shared->demand, journal_topic(self->routes[i]->stream), self->routes[i]);
    return offered;
}

/* Drops the routes of symbols that the source does not offer. */
static void drop_routes(feed_t *self)
{
    const source_config_t *config = redundant_lines_config(self->lines);
    for (size_t i = 0; i < self->count; i++)
        self->routes[i]->offered = false;
    for (size_t i = 0; i < config->symbol_count; i++) {
        feed_route_t *route = table_get(self->by_symbol, config->symbols[i]);
        if (route)
            route->offered = true;
    }
    for (size_t i = 0; i < self->count; i++)
        if (self->routes[i]->came)
            self->routes[i]->offered = takes_any(config, self->routes[i]->symbol);
    size_t kept = 0;
    self->known = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (self->routes[i]->offered)
            self->routes[kept++] = self->routes[i];
        else
            feed_route_destroy(self->routes[i]);
    }
    self->count = kept;
}

static bool feed_prepare(feed_t *self, source_config_t *settings)
{
    self->by_symbol = table_new();
    self->lines =
        self->by_symbol ? redundant_lines_new(self->shared->loop, self->shared->web, settings, &lines_events, self) : NULL;
    if (!self->lines)
        return false;
    const source_config_t *kept = redundant_lines_config(self->lines);
    bool prepared = add_routes(self, kept) && offer_routes(self, 0);
    if (prepared)
        add_known_routes(self);
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
    self->symbols = buffer_new(0);
    self->former = buffer_new(0);
    self->channels = buffer_new(0);
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
    bool changed =
        add_routes(self, settings) && redundant_lines_change_symbols(self->lines, settings) && offer_routes(self, former);
    source_config_release(settings);
    if (!changed)
        log_error("feed: symbols can't be changed", LOG_SLICE("source", redundant_lines_config(self->lines)->name));
    drop_routes(self);
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
    while (self->known < self->count && self->routes[self->known]->remembered)
        self->known++;
    if (self->known == self->count)
        return false;
    feed_route_remember(self->routes[self->known]);
    return true;
}

void feed_heartbeat(feed_t *self)
{
    on_status(self, STATUS_HEARTBEAT);
}

/* {"BTC-USD":42,…} with a number for each stream; left out where it is `none`. */
static text_t print_seqs(feed_t *self, buffer_t *out, uint64_t (*seq)(const journal_stream_t *stream), uint64_t none)
{
    const char *before = "{";
    buffer_clear(out);
    for (size_t i = 0; i < self->count; i++) {
        uint64_t number = seq(self->routes[i]->stream);
        if (number == none)
            continue;
        buffer_append(out, text_of(before));
        buffer_append_json_string(out, self->routes[i]->symbol);
        buffer_append(out, TEXT(":"));
        buffer_append_u64(out, number);
        before = ",";
    }
    if (out->length == 0)
        buffer_append(out, TEXT("{"));
    buffer_append(out, TEXT("}"));
    return buffer_ok(out) ? buffer_text(out) : TEXT("{}");
}

/* A source whose trades can't be journaled is unusable, however healthy it is; and what did not get there was not published. */
static void describe_unjournaled(const feed_t *self, status_t *status)
{
    text_t reason = backpressure_reason(self->shared->backpressure);
    status->unjournaled = self->unjournaled.lost;
    status->trades -= self->unjournaled.waiting + self->unjournaled.lost;
    if (reason.length == 0)
        return;
    status->health = 0;
    if (status->connected)
        status->reason = reason;
}

static bool is_latest(text_t latest, text_t channel)
{
    text_t name;
    for (json_walk_t walk = json_walk(latest); json_next(&walk);)
        if (json_plain_string(walk.value, &name) && text_equal(name, channel))
            return true;
    return false;
}

/* {"readings":"latest",…}, of the channels among its subjects. */
static text_t print_channels(feed_t *self)
{
    const source_config_t *config = redundant_lines_config(self->lines);
    text_t channels[CHANNELS_MAX], channel, key;
    size_t count = 0;
    buffer_clear(&self->channels);
    json_writer_t json = json_write(&self->channels);
    json_open_object(&json, NULL);
    for (size_t i = 0, known = 0; i < config->symbol_count && count < CHANNELS_MAX; i++, known = 0) {
        subject_split(config->symbols[i], &channel, &key);
        while (known < count && !text_equal(channels[known], channel))
            known++;
        if (known < count || subject_is_symbol(config->symbols[i]))
            continue;
        channels[count++] = channel;
        json_put_name(&json, channel);
        json_put_text(&json, NULL, is_latest(config->latest, channel) ? TEXT("latest") : TEXT("log"));
    }
    json_close_object(&json);
    return buffer_ok(&self->channels) ? buffer_text(&self->channels) : TEXT("{}");
}

status_t feed_status(feed_t *self, status_event_t event)
{
    status_t status = {0};
    journal_flush(self->shared->journal); /* what the status says of its streams must not come before their trades */
    redundant_lines_describe(self->lines, &status);
    describe_unjournaled(self, &status);
    status.lines = (uint32_t)redundant_lines_count(self->lines);
    status.lines_connected = (uint32_t)redundant_lines_connected(self->lines);
    status.saved = self->saved;
    status.id_conflicts = self->oddities.id_conflicts;
    status.future = self->oddities.future;
    status.channels = print_channels(self);
    status.group = redundant_lines_config(self->lines)->group;
    status.active = !stands_by(self);
    status.event = event;
    status.time_ns = clock_real_ns();
    status.epoch = journal_epoch(self->shared->journal);
    status.run = self->shared->run;
    status.former_epoch = journal_former_epoch(self->shared->journal);
    if (status.former_epoch)
        status.former = print_seqs(self, &self->former, journal_former_last, 0);
    status.symbols = print_seqs(self, &self->symbols, journal_last, UINT64_MAX);
    return status;
}

/* What the journal did not get may come again: the trades to recognize are read from the journal once more. Without memory the former ones stay. */
static void feed_route_learn_anew(feed_route_t *route)
{
    dedup_t *fresh = dedup_new(redundant_lines_config(route->feed->lines)->dedup_window);
    if (!fresh)
        return;
    dedup_destroy(&route->dedup);
    route->dedup = fresh;
    route->remembered = false;
    if (redundant_lines_count(route->feed->lines) > 1)
        dedup_keep(route->dedup, line_progress_since_ns(&route->progress));
}

void feed_lose(feed_t *self)
{
    if (!redundant_lines_lose(self->lines, backpressure_reason(self->shared->backpressure)))
        return;
    backpressure_drop(self->shared->backpressure, &self->unjournaled);
    for (size_t i = 0; i < self->count; i++)
        feed_route_learn_anew(self->routes[i]);
    self->known = 0;
}

void feed_stop(feed_t *self)
{
    redundant_lines_stop(self->lines);
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
    while (self->count > 0)
        feed_route_destroy(self->routes[--self->count]);
    redundant_lines_destroy(&self->lines);
    table_destroy(&self->by_symbol);
    buffer_release(&self->symbols);
    buffer_release(&self->former);
    buffer_release(&self->channels);
    free(self->routes);
    free(self);
    *self_ref = NULL;
}
