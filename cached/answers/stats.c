#include "cached/answers/stats.h"

#include "common/timestamp.h"
#include "proto/topic.h"

enum { NS_DIGITS = 9 };

/* A trade's cursor and timestamp: ,"first":"E-1","firstTimestamp":"…" */
static void print_place(const memory_log_t *memory_log, uint64_t number, const char *name, buffer_t *answer)
{
    memory_log_trade_t trade = memory_log_at(memory_log, number);
    char cursor[CURSOR_MAX], timestamp[TIMESTAMP_MAX];
    int cursor_length = (int)cursor_print(cursor, trade.cursor);
    int timestamp_length = (int)timestamp_print(timestamp, trade.timestamp_ns, NS_DIGITS);
    buffer_printf(answer, ",\"%s\":\"%.*s\",\"%sTimestamp\":\"%.*s\"", name, cursor_length, cursor, name, timestamp_length,
                  timestamp);
}

static void print_number(const char *name, uint64_t value, buffer_t *answer)
{
    buffer_printf(answer, "\"%s\":", name);
    buffer_append_u64(answer, value);
}

static void print_text(const char *name, text_t value, buffer_t *answer)
{
    buffer_printf(answer, "\"%s\":", name);
    buffer_append_json_string(answer, value);
    buffer_append(answer, TEXT(","));
}

static void print_follower(const follower_counts_t *counts, buffer_t *answer)
{
    buffer_append(answer, TEXT(","));
    print_number("duplicates", counts->duplicates, answer);
    buffer_append(answer, TEXT(",\"gaps\":{"));
    print_number("seen", counts->gaps_seen, answer);
    buffer_append(answer, TEXT(","));
    print_number("repaired", counts->gaps_repaired, answer);
    buffer_append(answer, TEXT(","));
    print_number("lost", counts->gaps_lost, answer);
    buffer_append(answer, TEXT("}"));
}

static void print_stream(const stats_t *self, const memory_log_t *memory_log, buffer_t *answer)
{
    static const follower_counts_t none;
    text_t symbol, source;
    if (!topic_parse(memory_log_topic(memory_log), &symbol, &source))
        return;
    buffer_append(answer, TEXT("{"));
    print_text("topic", memory_log_topic(memory_log), answer);
    print_text("symbol", symbol, answer);
    print_text("source", source, answer);
    print_number("trades", memory_log_count(memory_log), answer);
    if (memory_log_count(memory_log) > 0) {
        print_place(memory_log, memory_log_first(memory_log), "first", answer);
        print_place(memory_log, memory_log_end(memory_log) - 1, "last", answer);
    }
    buffer_append(answer, TEXT(","));
    print_number("bytes", memory_log_bytes(memory_log), answer);
    if (self->write_behind) {
        buffer_append(answer, TEXT(","));
        print_number("stored", write_behind_stored(self->write_behind, memory_log_topic(memory_log)), answer);
    }
    const follower_counts_t *counts =
        self->follower ? follower_stream_counts(self->follower, memory_log_topic(memory_log)) : NULL;
    print_follower(counts ? counts : &none, answer);
    buffer_append(answer, TEXT("}"));
}

void stats_print(const stats_t *self, const catalog_symbol_t *symbol, bool *first, buffer_t *answer)
{
    for (size_t i = 0; i < symbol->memory_log_count; i++, *first = false) {
        if (!*first)
            buffer_append(answer, TEXT(","));
        print_stream(self, symbol->memory_logs[i], answer);
    }
}
