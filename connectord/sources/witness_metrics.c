#include "connectord/sources/witness_metrics.h"

static const metric_count_t families[] = {
    {"dataflow_witness_requests_total", "Questions for an exchange's candles", offsetof(witness_counts_t, requests)},
    {"dataflow_witness_failures_total", "Questions that were not answered, or not with candles",
     offsetof(witness_counts_t, failures)},
    {"dataflow_witness_proved_minutes_total", "Minutes whose trades add up to the exchange's candle",
     offsetof(witness_counts_t, minutes.proved)},
    {"dataflow_witness_short_minutes_total", "Minutes whose trades fall short of it",
     offsetof(witness_counts_t, minutes.falling_short)},
    {"dataflow_witness_contradicted_minutes_total", "Minutes of which more came than is in it",
     offsetof(witness_counts_t, minutes.contradicted)},
};

static uint64_t count_at(const witness_counts_t *counts, size_t offset)
{
    uint64_t count;
    memcpy(&count, (const char *)counts + offset, sizeof count);
    return count;
}

/* Where no source has a witness there is no family. */
void witness_metrics(metrics_t *metrics, const feeds_t *feeds)
{
    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        bool begun = false;
        for (size_t i = 0; i < feeds_count(feeds); i++) {
            const feed_t *feed = feeds_at(feeds, i);
            const witness_counts_t *counts = feed_witness_counts(feed);
            if (!counts)
                continue;
            if (!begun)
                metrics_family(metrics, families[f].name, METRIC_COUNTER, families[f].help);
            begun = true;
            metrics_u64(metrics, METRIC_LABELS({"source", feed_config(feed)->name}), count_at(counts, families[f].offset));
        }
    }
}
