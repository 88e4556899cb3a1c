#include "common/bus/bus_metrics.h"

#define COUNT(member, name, help)                                                                                              \
    {                                                                                                                          \
        "dataflow_bus_" name "_total", help, offsetof(follower_counts_t, member)                                               \
    }

static const metric_count_t list[] = {
    COUNT(trades, "trades", "Trades taken, from the bus or by replay"),
    COUNT(duplicates, "duplicates", "Trades on the bus that were there already"),
    COUNT(malformed, "malformed", "Messages on the bus that are not what bus.md says"),
    COUNT(gaps_seen, "gaps", "Holes seen in a stream"),
    COUNT(gaps_repaired, "repaired_trades", "Trades that were missing and came by replay"),
    COUNT(gaps_lost, "lost_trades", "Trades that are missing for good, where it is known how many"),
};

void bus_metrics(metrics_t *metrics, const follower_counts_t *counts)
{
    metrics_counters(metrics, list, sizeof list / sizeof *list, counts);
    metrics_gauge(metrics, "dataflow_bus_ahead_streams", "Streams of which more was had than their connectord has",
                  counts->ahead);
}
