#include "common/bus/bus_metrics.h"

#define COUNT(member, name, help)                                                                                              \
    {                                                                                                                          \
        "dataflow_bus_" name "_total", help, offsetof(follower_counts_t, member)                                               \
    }

static const metric_count_t list[] = {
    COUNT(trades, "trades", "Trades taken, from the bus or by replay"),
    COUNT(duplicates, "duplicates", "Trades on the bus that we already had"),
    COUNT(malformed, "malformed", "Messages on the bus that bus.md does not allow"),
    COUNT(gaps_seen, "gaps", "Gaps seen in streams"),
    COUNT(gaps_repaired, "repaired_trades", "Missing trades recovered by replay"),
    COUNT(gaps_lost, "lost_trades", "Trades lost for good, where their number is known"),
};

void bus_metrics(metrics_t *metrics, const follower_counts_t *counts)
{
    metrics_counters(metrics, list, sizeof list / sizeof *list, counts);
    metrics_gauge(metrics, "dataflow_bus_ahead_streams", "Streams of which we have more than their connectord", counts->ahead);
}
