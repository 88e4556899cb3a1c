#include "connectord/sources/past_metrics.h"

#include "connectord/sources/feed.h"

static const struct {
    const char *name;
    metric_type_t type;
    size_t offset; /* in feed_asked_t */
    const char *help;
} families[] = {
    {"dataflow_backfill_requests_total", METRIC_COUNTER, offsetof(feed_asked_t, requests),
     "Questions to the exchange about trades that were missed"},
    {"dataflow_backfill_failures_total", METRIC_COUNTER, offsetof(feed_asked_t, failures),
     "Of these, those that were not answered, or not with what was asked for"},
    {"dataflow_backfill_trades_total", METRIC_COUNTER, offsetof(feed_asked_t, trades),
     "Trades that were missed, asked for, and came"},
    {"dataflow_backfill_late_trades_total", METRIC_COUNTER, offsetof(feed_asked_t, late), "Trades published behind later ones"},
    {"dataflow_backfill_lost_trades_total", METRIC_COUNTER, offsetof(feed_asked_t, given_up),
     "Trades that the exchange could not give when it was asked"},
    {"dataflow_backfill_contradictions_total", METRIC_COUNTER, offsetof(feed_asked_t, contradictions),
     "Trades of answers that differ from what the feed said of them, which is believed"},
    {"dataflow_backfill_malformed_total", METRIC_COUNTER, offsetof(feed_asked_t, malformed),
     "Answers with records that were left out"},
    {"dataflow_backfill_missing_trades", METRIC_GAUGE, offsetof(feed_asked_t, missing),
     "Trades that are missing now, as far as is known"},
};

void past_metrics(metrics_t *metrics, const feeds_t *feeds)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        metrics_family(metrics, families[f].name, families[f].type, families[f].help);
        for (size_t i = 0; i < feeds_count(feeds); i++) {
            feed_asked_t asked = feed_asked(feeds_at(feeds, i));
            const uint64_t *value = (const uint64_t *)((const char *)&asked + families[f].offset);
            metrics_u64(metrics, METRIC_LABELS({"source", asked.source}), *value);
        }
    }
}
