#include "cached/cached_metrics.h"

static uint64_t bytes_of(const catalog_t *catalog)
{
    uint64_t bytes = 0;
    catalog_symbol_t symbol;
    for (size_t at = 0; catalog_next(catalog, &at, &symbol);)
        for (size_t i = 0; i < symbol.memory_log_count; i++)
            bytes += memory_log_bytes(symbol.memory_logs[i]);
    return bytes;
}

static void print_requests(metrics_t *metrics, const history_t *history)
{
    const char *operation;
    uint64_t count;
    metrics_family(metrics, "dataflow_history_requests_total", METRIC_COUNTER, "History requests, by operation");
    for (size_t i = 0; history_asked(history, i, &operation, &count); i++)
        metrics_u64(metrics, METRIC_LABELS({"op", text_of(operation)}), count);
}

void cached_metrics_print(metrics_t *metrics, const catalog_t *catalog, const history_t *history)
{
    const history_counts_t *counts = history_counts(history);
    metrics_gauge(metrics, "dataflow_history_streams", "Streams with trades in memory", catalog_streams(catalog));
    metrics_gauge(metrics, "dataflow_history_trades", "Trades held", catalog_trades(catalog));
    metrics_gauge(metrics, "dataflow_history_bytes", "Memory used by trades", bytes_of(catalog));
    print_requests(metrics, history);
    metrics_counter(metrics, "dataflow_history_looks_total", "History requests that read the store", counts->looks);
    metrics_gauge(metrics, "dataflow_history_waiting", "History requests waiting for the store", history_waiting(history));
    metrics_counter(metrics, "dataflow_history_errors_total", "History requests answered with an error", counts->errors);
    metrics_counter(metrics, "dataflow_history_answer_bytes_total", "Bytes of the answers", counts->bytes);
    metrics_family(metrics, "dataflow_history_answer_seconds", METRIC_HISTOGRAM, "Time to make an answer");
    metrics_histogram(metrics, NULL, &counts->time);
}

void store_metrics_print(metrics_t *metrics, const write_behind_t *write_behind)
{
    write_behind_counts_t counts = write_behind_counts(write_behind);
    metrics_gauge(metrics, "dataflow_store_up", "1: the store accepts writes", counts.state == WRITE_BEHIND_UP);
    metrics_gauge(metrics, "dataflow_store_lag_trades", "Records not stored yet", counts.lag_trades);
    metrics_family(metrics, "dataflow_store_lag_seconds", METRIC_GAUGE, "Age of the oldest record not stored yet");
    metrics_seconds(metrics, NULL, counts.lag_ns);
    metrics_counter(metrics, "dataflow_store_batches_total", "Batches stored", counts.batches);
    metrics_counter(metrics, "dataflow_store_trades_stored_total", "Records stored, those of coverage among them",
                    counts.stored);
    metrics_counter(metrics, "dataflow_store_errors_total", "How often the store was unavailable or refused", counts.errors);
    metrics_counter(metrics, "dataflow_store_lost_total", "Trades that left the journal before they could be stored",
                    counts.lost);
    metrics_counter(metrics, "dataflow_store_retained_total", "Trades dropped from the store by retention", counts.retained);
}
