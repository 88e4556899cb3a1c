#include "connectord/sources/source_metrics.h"

#include "common/clock.h"

/* What came from the exchange. */
static uint64_t received(const status_t *status)
{
    return status->trades + status->duplicates;
}

/* The streams count their trades already; what connectord says itself does not count. */
static uint64_t published(const status_t *status)
{
    uint64_t sum = 0, last;
    text_t symbol;
    json_walk_t walk = json_walk(status->symbols);
    while (status_next_symbol(&walk, &symbol, &last))
        sum += text_starts_with(symbol, TEXT("coverage.")) ? 0 : last;
    return sum;
}

static uint64_t duplicates(const status_t *status)
{
    return status->duplicates;
}

static uint64_t malformed(const status_t *status)
{
    return status->malformed;
}

static uint64_t id_conflicts(const status_t *status)
{
    return status->id_conflicts;
}

static uint64_t future(const status_t *status)
{
    return status->future;
}

static uint64_t unjournaled(const status_t *status)
{
    return status->unjournaled;
}

static uint64_t gaps(const status_t *status)
{
    return status->gaps;
}

static uint64_t reconnects(const status_t *status)
{
    return status->reconnects;
}

static uint64_t refused(const status_t *status)
{
    return status->refused;
}

static uint64_t retries(const status_t *status)
{
    return status->retries;
}

static uint64_t resubscribes(const status_t *status)
{
    return status->resubscribes;
}

static uint64_t failing(const status_t *status)
{
    uint64_t count = 0;
    text_t symbol, reason;
    json_walk_t walk = json_walk(status->failing);
    while (status_next_failing(&walk, &symbol, &reason))
        count++;
    return count;
}

static uint64_t connected(const status_t *status)
{
    return status->connected;
}

static uint64_t breaker_open(const status_t *status)
{
    return status->breaker.length > 0 && !text_equal(status->breaker, TEXT("closed"));
}

static uint64_t health(const status_t *status)
{
    return status->health;
}

static uint64_t stale(const status_t *status)
{
    uint64_t count = 0;
    text_t symbol;
    int64_t silence_ms;
    json_walk_t walk = json_walk(status->stale);
    while (status->stale.length > 0 && status_next_stale(&walk, &symbol, &silence_ms))
        count++;
    return count;
}

static uint64_t lines(const status_t *status)
{
    return status->lines > 0 ? status->lines : 1;
}

static uint64_t lines_connected(const status_t *status)
{
    return status->lines > 0 ? status->lines_connected : status->connected;
}

static uint64_t saved(const status_t *status)
{
    return status->saved;
}

static uint64_t active(const status_t *status)
{
    return status->group.length == 0 || status->active;
}

static const struct {
    const char *name;
    metric_type_t type;
    uint64_t (*value)(const status_t *status);
    const char *help;
} families[] = {
    {"dataflow_source_received_total", METRIC_COUNTER, received, "Trades received from the exchange, including duplicates"},
    {"dataflow_source_published_total", METRIC_COUNTER, published,
     "Trades given a cursor, journaled and published, since the journal was created"},
    {"dataflow_source_duplicates_total", METRIC_COUNTER, duplicates, "Trades dropped as duplicates"},
    {"dataflow_source_id_conflicts_total", METRIC_COUNTER, id_conflicts,
     "Trades published although they carried the id of another one"},
    {"dataflow_source_unjournaled_total", METRIC_COUNTER, unjournaled, "Trades lost because the journal took none"},
    {"dataflow_source_future_total", METRIC_COUNTER, future, "Trades made further ahead of the clock than future_ms"},
    {"dataflow_source_malformed_total", METRIC_COUNTER, malformed,
     "Messages from the exchange that could not be parsed, and impossible trades"},
    {"dataflow_source_gaps_total", METRIC_COUNTER, gaps, "Gaps in the exchange's own numbering"},
    {"dataflow_source_reconnects_total", METRIC_COUNTER, reconnects, "Connections made after the first one"},
    {"dataflow_source_connect_failures_total", METRIC_COUNTER, refused, "Connections that failed"},
    {"dataflow_source_subscribe_retries_total", METRIC_COUNTER, retries,
     "Subscriptions retried because they were refused, not answered or dropped"},
    {"dataflow_source_resubscribes_total", METRIC_COUNTER, resubscribes, "Streams subscribed again because they were stale"},
    {"dataflow_source_saved_total", METRIC_COUNTER, saved, "Trades received while not all lines were connected"},
    {"dataflow_source_lines", METRIC_GAUGE, lines, "Connections that the source should have"},
    {"dataflow_source_lines_connected", METRIC_GAUGE, lines_connected, "Connections that the source has"},
    {"dataflow_source_active", METRIC_GAUGE, active, "1: its trades are published; 0: on standby in its failover group"},
    {"dataflow_source_connected", METRIC_GAUGE, connected, "1: connected to the exchange"},
    {"dataflow_source_breaker_open", METRIC_GAUGE, breaker_open, "1: the circuit breaker is open or half-open"},
    {"dataflow_source_health", METRIC_GAUGE, health, "Health of the source: 0 (unusable) to 100"},
    {"dataflow_source_stale_streams", METRIC_GAUGE, stale, "Streams that ought to have had a trade by now"},
    {"dataflow_source_failing", METRIC_GAUGE, failing, "Symbols whose subscription fails"},
};

void source_metrics(metrics_t *metrics, const status_t *statuses, size_t count)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        metrics_family(metrics, families[f].name, families[f].type, families[f].help);
        for (size_t i = 0; i < count; i++)
            metrics_u64(metrics, METRIC_LABELS({"source", statuses[i].source}), families[f].value(&statuses[i]));
    }
    metrics_family(metrics, "dataflow_source_since_timestamp_seconds", METRIC_GAUGE,
                   "When the source was last connected or disconnected, since 1970");
    for (size_t i = 0; i < count; i++)
        metrics_seconds(metrics, METRIC_LABELS({"source", statuses[i].source}), statuses[i].since_ns);
    metrics_family(metrics, "dataflow_source_backoff_seconds", METRIC_GAUGE, "Wait before the next connection; 0: not waiting");
    for (size_t i = 0; i < count; i++)
        metrics_seconds(metrics, METRIC_LABELS({"source", statuses[i].source}), statuses[i].backoff_ms * NS_PER_MS);
}
