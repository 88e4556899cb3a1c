#include "cached/answers/stats.h"

#include "common/clock.h"
#include "proto/topic.h"

enum { NS_DIGITS = 9 };

static void put_place(json_writer_t *json, const memory_log_t *memory_log, uint64_t number, const char *name, const char *time)
{
    memory_log_trade_t trade = memory_log_at(memory_log, number);
    cursor_put(json, name, trade.cursor);
    json_put_time(json, time, trade.timestamp_ns, NS_DIGITS);
}

static void put_follower(json_writer_t *json, const follower_counts_t *counts)
{
    json_put_u64(json, "duplicates", counts->duplicates);
    json_open_object(json, "gaps");
    json_put_u64(json, "seen", counts->gaps_seen);
    json_put_u64(json, "repaired", counts->gaps_repaired);
    json_put_u64(json, "lost", counts->gaps_lost);
    json_close_object(json);
}

/* What makes the oldest go: in the store, where there is one, else in memory. */
static void put_retention(json_writer_t *json, const stats_t *self, const memory_log_t *memory_log, text_t symbol)
{
    const retention_t *rules = self->write_behind ? self->store : self->memory;
    if (!rules)
        return;
    retention_rule_t rule = retention_of(rules, symbol);
    uint64_t trades = self->write_behind ? rule.trades : memory_log_limit(memory_log);
    json_open_object(json, "retention");
    if (trades > 0)
        json_put_u64(json, "trades", trades);
    if (rule.age_ns > 0)
        json_put_u64(json, "ms", (uint64_t)(rule.age_ns / NS_PER_MS));
    json_close_object(json);
}

static void put_stream(json_writer_t *json, const stats_t *self, const memory_log_t *memory_log)
{
    static const follower_counts_t none;
    text_t symbol, source, topic = memory_log_topic(memory_log);
    if (!topic_parse(topic, &symbol, &source))
        return;
    json_open_object(json, NULL);
    json_put_text(json, "topic", topic);
    json_put_text(json, "symbol", symbol);
    json_put_text(json, "source", source);
    json_put_u64(json, "trades", memory_log_count(memory_log));
    if (memory_log_count(memory_log) > 0) {
        put_place(json, memory_log, memory_log_first(memory_log), "first", "firstTimestamp");
        put_place(json, memory_log, memory_log_end(memory_log) - 1, "last", "lastTimestamp");
    }
    json_put_u64(json, "bytes", memory_log_bytes(memory_log));
    if (self->write_behind)
        json_put_u64(json, "stored", write_behind_stored(self->write_behind, topic));
    put_retention(json, self, memory_log, symbol);
    const follower_counts_t *counts = self->follower ? follower_stream_counts(self->follower, topic) : NULL;
    put_follower(json, counts ? counts : &none);
    json_close_object(json);
}

void stats_print(const stats_t *self, const catalog_symbol_t *symbol, json_writer_t *json)
{
    for (size_t i = 0; i < symbol->memory_log_count; i++)
        put_stream(json, self, symbol->memory_logs[i]);
}
