#include "cached/answers/symbol_sources.h"

static text_t source_of(const memory_log_t *memory_log)
{
    text_t subject, source = {"", 0};
    topic_parse(memory_log_topic(memory_log), &subject, &source); /* a memory log's topic is valid */
    return source;
}

/* The one of that name; a new name gets one. */
static symbol_source_t *source_make(symbol_sources_t *self, text_t name)
{
    size_t at = 0;
    while (at < self->count && text_compare(self->sources[at].name, name) < 0)
        at++;
    if (at < self->count && text_equal(self->sources[at].name, name))
        return &self->sources[at];
    memmove(&self->sources[at + 1], &self->sources[at], (self->count - at) * sizeof *self->sources);
    self->count++;
    self->sources[at] = (symbol_source_t){.name = name};
    return &self->sources[at];
}

static void add(symbol_sources_t *self, const catalog_symbol_t *found, text_t source, bool coverage)
{
    for (size_t i = 0; i < found->memory_log_count; i++) {
        text_t name = source_of(found->memory_logs[i]);
        if (source.length > 0 && !text_equal(name, source))
            continue;
        symbol_source_t *one = source_make(self, name);
        if (coverage)
            one->coverage = found->memory_logs[i];
        else
            one->trades = found->memory_logs[i];
    }
}

/* Trades may be of a time that is still to come: nobody is sure of that. */
static void see_how_sure(symbol_source_t *source, const catalog_t *catalog, text_t symbol, int64_t now_ns)
{
    char topic[TOPIC_MAX];
    source->offered = catalog_offered(catalog, (text_t){topic, topic_print(topic, symbol, source->name)});
    source->sure_ns = catalog_heard(catalog, source->name);
    if (source->trades && memory_log_count(source->trades) > 0) {
        int64_t last_ns = memory_log_at(source->trades, memory_log_end(source->trades) - 1).timestamp_ns;
        source->sure_ns = last_ns > source->sure_ns ? last_ns : source->sure_ns;
    }
    source->sure_ns = source->sure_ns > now_ns ? now_ns : source->sure_ns;
}

bool symbol_sources_find(symbol_sources_t *self, const catalog_t *catalog, text_t symbol, text_t source, int64_t now_ns)
{
    char subject[SUBJECT_MAX];
    catalog_symbol_t found;
    self->count = 0;
    if (!subject_is_symbol(symbol))
        return false;
    bool trades = catalog_symbol(catalog, symbol, &found);
    if (trades)
        add(self, &found, source, false);
    bool coverage = catalog_symbol(catalog, (text_t){subject, subject_print(subject, TEXT(CHANNEL_COVERAGE), symbol)}, &found);
    if (coverage)
        add(self, &found, source, true);
    for (size_t i = 0; i < self->count; i++)
        see_how_sure(&self->sources[i], catalog, symbol, now_ns);
    return trades || coverage;
}

bool symbol_source_says(const symbol_source_t *self, int64_t from_ns, int64_t to_ns)
{
    const coverage_series_t *series = self->coverage ? memory_log_coverage(self->coverage) : NULL;
    if (!series)
        return false;
    for (size_t n = coverage_series_find(series, from_ns); n < coverage_series_count(series); n++) {
        coverage_t told = coverage_series_at(series, n);
        if (told.from_ns >= to_ns)
            return false;
        if (self->offered || told.state != COVERAGE_UNKNOWN)
            return true;
    }
    return false;
}

bool symbol_source_complete(const symbol_source_t *self, int64_t from_ns, int64_t to_ns)
{
    return self->coverage && coverage_series_complete(memory_log_coverage(self->coverage), from_ns, to_ns, self->sure_ns);
}
