/* The streams of an exchange that has candles: these are compared with what came (witness.h), and what that comes to is told as their coverage. */
#include "connectord/sources/feed.h"
#include "connectord/sources/feed_state.h"

/* While the link is down nobody knows what is missing; while trades are asked for they are missing. */
static int64_t ready_ns(void *arg)
{
    const feed_route_t *route = arg;
    if (feed_stands_by(route->feed) || route->asked.backfill.busy)
        return 0;
    return route->cover.state == COVER_LIVE ? INT64_MAX : route->cover.unknown_ns;
}

static void on_compared(void *arg, const coverage_t *coverage)
{
    feed_route_t *route = arg;
    cover_compared(&route->cover, coverage);
}

static const witness_events_t witness_events = {.ready_ns = ready_ns, .tell = on_compared};

bool feed_witness_open(feed_t *self)
{
    const feed_shared_t *shared = self->shared;
    const source_config_t *config = redundant_lines_config(self->lines);
    const past_t *past = connector_find(config->connector)->past;
    if (!past || !self->covers || !config->witness.enabled)
        return true;
    const witness_config_t witness = {.past = past,
                                      .url = config->backfill.url,
                                      .ca = config->ca,
                                      .source = config->name,
                                      .requests_per_minute = config->backfill.requests_per_minute,
                                      .every_ms = config->witness.every_ms,
                                      .delay_ms = config->witness.delay_ms,
                                      .hold_ms = config->backfill.hold_ms};
    self->witness = witness_new(shared->loop, shared->rest_hosts, shared->journal, &witness, &witness_events);
    return self->witness != NULL;
}

void feed_witness_close(feed_t *self)
{
    witness_destroy(&self->witness);
}

bool feed_witness_add(feed_route_t *route)
{
    if (!route->feed->witness || !route->cover.stream)
        return true;
    route->witnessed =
        (witnessed_t){.symbol = route->symbol, .trades = route->stream, .coverage = route->cover.stream, .arg = route};
    return witness_add(route->feed->witness, &route->witnessed);
}

void feed_witness_remove(feed_route_t *route)
{
    if (route->feed->witness)
        witness_remove(route->feed->witness, &route->witnessed);
}

void feed_witness_forget(feed_route_t *route)
{
    if (route->feed->witness)
        witness_forget(route->feed->witness, &route->witnessed);
}

const witness_counts_t *feed_witness_counts(const feed_t *self)
{
    return self->witness ? witness_counts(self->witness) : NULL;
}
