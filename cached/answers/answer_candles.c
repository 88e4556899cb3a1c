#include "cached/answers/answer_candles.h"

#include "cached/answers/symbol_sources.h"
#include "common/timestamp.h"
#include "proto/topic.h"

/* One stream's series, and which of its candles are wanted: [begin, end). While they are chosen, from the newest back, `begin` is where
 * this has come to. */
typedef struct {
    const candle_series_t *series;
    size_t begin, end;
} candle_row_t;

/* A source, and its own candles; NULL: it has none. */
typedef struct {
    const symbol_source_t *source;
    const candle_series_t *series;
} candle_source_t;

/* The streams of a symbol in the order of their sources' names, as in the catalog. */
typedef struct {
    candle_row_t rows[MERGE_MAX];
    size_t count;
    bool older;      /* is there an older candle than those that were chosen? */
    bool incomplete; /* is a stream's rebuild still to be done? */

    int64_t interval_ns, now_ns;
    symbol_sources_t sources;                  /* all that are asked for, with what is known of them … */
    candle_source_t facts[SYMBOL_SOURCES_MAX]; /* … in the same order */
} rows_t;

static bool wanted(const request_t *request, const memory_log_t *memory_log)
{
    text_t symbol, source;
    return request->source.length == 0 ||
           (topic_parse(memory_log_topic(memory_log), &symbol, &source) && text_equal(source, request->source));
}

static void find_rows(rows_t *rows, const request_t *request, const catalog_symbol_t *symbol, const candle_facts_t *facts)
{
    const rebuild_t *rebuild = facts->rebuild;
    for (size_t i = 0; i < symbol->memory_log_count; i++) {
        candles_t *candles = memory_log_candles(symbol->memory_logs[i]);
        if (!wanted(request, symbol->memory_logs[i]))
            continue;
        rows->rows[rows->count++].series = candles_series(candles, request->interval);
        rows->incomplete = rows->incomplete || (rebuild && rebuild_lacks(rebuild, candles));
    }
}

static void find_facts(rows_t *rows, const request_t *request, text_t symbol, const candle_facts_t *facts)
{
    rows->interval_ns = interval_ns(request->interval);
    rows->now_ns = facts->now_ns;
    symbol_sources_find(&rows->sources, facts->catalog, symbol, request->source, facts->now_ns);
    for (size_t i = 0; i < rows->sources.count; i++) {
        const symbol_source_t *source = &rows->sources.sources[i];
        rows->facts[i] = (candle_source_t){.source = source};
        if (source->trades)
            rows->facts[i].series = candles_series(memory_log_candles(source->trades), request->interval);
    }
}

static bool series_has(const candle_series_t *series, int64_t start_ns)
{
    size_t n = series ? candle_series_find(series, start_ns) : 0;
    return series && n < series->count && candle_series_at(series, n)->start_ns == start_ns;
}

/* Has it ended, and does no source lack anything in it? One that has neither a trade nor anything to say there does not count. */
static bool is_complete(const rows_t *rows, int64_t start_ns)
{
    int64_t end_ns = start_ns + rows->interval_ns;
    if (end_ns > rows->now_ns)
        return false;
    for (size_t i = 0; i < rows->sources.count; i++) {
        const symbol_source_t *source = rows->facts[i].source;
        if ((series_has(rows->facts[i].series, start_ns) || symbol_source_says(source, start_ns, end_ns)) &&
            !symbol_source_complete(source, start_ns, end_ns))
            return false;
    }
    return true;
}

/* The first start that may be answered: behind `after`, and behind what one of the streams no longer holds, for a candle that
 * lacks a source's trades would be a wrong one. */
static int64_t first_start(const request_t *request, const rows_t *rows)
{
    int64_t before_first = request->has_after ? request->after_ns : CANDLES_NONE_LOST;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->rows[i].series->lost_ns > before_first)
            before_first = rows->rows[i].series->lost_ns;
    return before_first + 1;
}

/* The start of the newest candle that is not chosen yet. */
static bool newest_left(const rows_t *rows, int64_t first_ns, int64_t *start_ns)
{
    bool found = false;
    for (size_t i = 0; i < rows->count; i++) {
        const candle_row_t *row = &rows->rows[i];
        if (row->begin == 0)
            continue;
        int64_t row_ns = candle_series_at(row->series, row->begin - 1)->start_ns;
        if (row_ns >= first_ns && (!found || row_ns > *start_ns)) {
            *start_ns = row_ns;
            found = true;
        }
    }
    return found;
}

static bool row_has(const candle_row_t *row, size_t n, int64_t start_ns)
{
    return n < row->series->count && candle_series_at(row->series, n)->start_ns == start_ns;
}

static void choose(rows_t *rows, const request_t *request, uint64_t count)
{
    int64_t first_ns = first_start(request, rows), start_ns;
    for (size_t i = 0; i < rows->count; i++) {
        candle_row_t *row = &rows->rows[i];
        row->end = request->has_before ? candle_series_find(row->series, request->before_ns) : row->series->count;
        row->begin = row->end;
    }
    for (uint64_t n = 0; n < count && newest_left(rows, first_ns, &start_ns); n++)
        for (size_t i = 0; i < rows->count; i++)
            if (rows->rows[i].begin > 0 && row_has(&rows->rows[i], rows->rows[i].begin - 1, start_ns))
                rows->rows[i].begin--;
    rows->older = newest_left(rows, first_ns, &start_ns);
}

/* The start of the oldest candle that is chosen and not printed yet. */
static bool oldest_left(const rows_t *rows, int64_t *start_ns)
{
    bool found = false;
    for (size_t i = 0; i < rows->count; i++) {
        const candle_row_t *row = &rows->rows[i];
        if (row->begin == row->end)
            continue;
        int64_t row_ns = candle_series_at(row->series, row->begin)->start_ns;
        if (!found || row_ns < *start_ns) {
            *start_ns = row_ns;
            found = true;
        }
    }
    return found;
}

/* Prints the candle that starts there, of all streams that have one. False when memory runs out. */
static bool print_next(rows_t *rows, int64_t start_ns, json_writer_t *json)
{
    candle_t joined = {0};
    bool ok = true;
    for (size_t i = 0; i < rows->count; i++) {
        candle_row_t *row = &rows->rows[i];
        if (row->begin < row->end && row_has(row, row->begin, start_ns))
            ok = candle_join(&joined, candle_series_at(row->series, row->begin++)) && ok;
    }
    joined.start_ns = start_ns;
    candle_print(&joined, json);
    json_put_bool(json, "complete", is_complete(rows, start_ns));
    json_close_object(json);
    candle_release(&joined);
    return ok;
}

static bool print_candles(rows_t *rows, const request_t *request, buffer_t *answer)
{
    int64_t start_ns = 0, first_ns = 0;
    bool ok = true, first = true;
    json_writer_t json = answer_begin(answer, request);
    json_put_text(&json, "interval", text_of(interval_name(request->interval)));
    json_open_array(&json, "candles");
    for (; oldest_left(rows, &start_ns); first = false) {
        if (first)
            first_ns = start_ns;
        ok = print_next(rows, start_ns, &json) && ok;
    }
    json_close_array(&json);
    if (rows->incomplete)
        json_put_bool(&json, "incomplete", true);
    if (rows->older)
        json_put_time(&json, "next", first_ns, 0);
    json_close_object(&json);
    return ok;
}

void answer_candles(const request_t *request, const catalog_symbol_t *symbol, const candle_facts_t *facts, buffer_t *answer)
{
    rows_t rows = {.count = 0};
    find_rows(&rows, request, symbol, facts);
    find_facts(&rows, request, symbol->symbol, facts);
    for (uint64_t count = request->count; count > 0; count /= 2) {
        choose(&rows, request, count);
        if (!print_candles(&rows, request, answer))
            break;
        if (buffer_ok(answer))
            return;
    }
    answer_error(answer, request, ERROR_INTERNAL, "out of memory for the answer: ask for less");
}
