#include "common/array.h"
#include "common/log.h"
#include "connectord/sources/feed_state.h"
#include "proto/topic.h"

#include <stdlib.h>

void feed_route_destroy(feed_route_t *route)
{
    if (route->stream)
        demand_withdraw(route->feed->shared->demand, journal_topic(route->stream), route);
    feed_past_remove(route);
    table_remove(route->feed->by_symbol, route->symbol);
    seen_trades_release(&route->seen);
    free(route);
}

/* NULL when memory runs out, or the journal has no room. Not yet offered. */
static feed_route_t *feed_route_new(feed_t *feed, text_t symbol)
{
    const source_config_t *config = redundant_lines_config(feed->lines);
    feed_route_t *route = aligned_alloc(CACHE_LINE, sizeof *route);
    if (!route)
        return NULL;
    *route = (feed_route_t){0};
    char topic[TOPIC_MAX];
    size_t length = topic_print(topic, symbol, config->name);
    memcpy(route->symbol_text, symbol.at, symbol.length);
    route->feed = feed;
    route->symbol = (text_t){route->symbol_text, symbol.length};
    route->stream = journal_stream(feed->shared->journal, (text_t){topic, length});
    line_progress_init(&route->progress);
    for (size_t i = 0; i < LINES_MAX; i++)
        if (redundant_lines_count(feed->lines) > 1 && redundant_lines_is_up(feed->lines, i))
            line_progress_join(&route->progress, i);
    if (!route->stream || !feed_past_add(route) || !feed_route_new_window(route) ||
        !table_put(feed->by_symbol, route->symbol, route)) {
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
bool feed_may_come(const feed_t *self, text_t subject)
{
    return self->count < REMEMBERED_MAX && takes_any(redundant_lines_config(self->lines), subject);
}

/* A route for one that came, in no list. */
static feed_route_t *add_route_of_any(feed_t *self, text_t subject)
{
    static log_limit_t limit;
    if (!takes_any(redundant_lines_config(self->lines), subject))
        return NULL;
    if (self->count >= REMEMBERED_MAX) {
        log_warn_limited(&limit, "feed: too many keys: one is left out", LOG_SLICE("key", subject),
                         LOG_U64("at_most", REMEMBERED_MAX));
        return NULL;
    }
    feed_route_t *route = add_route(self, subject);
    if (!route)
        return NULL;
    route->came = true;
    demand_offer(self->shared->demand, journal_topic(route->stream), route);
    return route;
}

feed_route_t *feed_route_for(feed_t *self, text_t subject)
{
    feed_route_t *route = table_get(self->by_symbol, subject);
    return route || subject_is_symbol(subject) ? route : add_route_of_any(self, subject);
}

/* A route for each symbol that has none yet. */
bool feed_routes_add(feed_t *self, const source_config_t *settings)
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
void feed_routes_add_known(feed_t *self)
{
    journal_stream_t *stream;
    text_t subject, source;
    for (size_t i = 0; (stream = journal_stream_at(self->shared->journal, i)); i++)
        if (topic_parse(journal_topic(stream), &subject, &source) &&
            text_equal(source, redundant_lines_config(self->lines)->name))
            feed_route_for(self, subject);
}

/* Whoever wants one of the routes from this number on already is heard at once. */
bool feed_routes_offer(feed_t *self, size_t from)
{
    bool offered = true;
    for (size_t i = from; offered && i < self->count; i++)
        offered = demand_offer(self->shared->demand, journal_topic(self->routes[i]->stream), self->routes[i]);
    return offered;
}

/* Drops the routes of symbols that the source does not offer. */
void feed_routes_drop(feed_t *self)
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
    self->stamp++;
    for (size_t i = 0; i < self->count; i++) {
        if (self->routes[i]->offered) {
            self->routes[kept++] = self->routes[i];
            continue;
        }
        feed_past_look(self->routes[i]); /* its coverage ends */
        feed_route_destroy(self->routes[i]);
    }
    self->count = kept;
}
