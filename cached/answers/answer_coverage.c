#include "cached/answers/answer_coverage.h"

#include "cached/answers/symbol_sources.h"
#include "common/clock.h"
#include "common/timestamp.h"

enum {
    NS_DIGITS = 9,
    SILENT_MS = 10000,                       /* as a follower of the bus judges of a source: bus.md */
    INTERVAL_MAX = COVERAGE_DATA_MAX + 1024, /* of one in the answer: volumes that were added may be longer */
    TAIL_MAX =
        CATALOG_SOURCES_MAX * (SOURCE_MAX + CURSOR_MAX + TIMESTAMP_MAX + 32) + 1024 /* of what stands behind the intervals */
};

/* What is asked for of one source, and what has been answered in all. */
typedef struct {
    const answer_coverage_t *answer;
    json_writer_t json;
    const buffer_t *out;
    size_t limit_bytes;
    uint64_t count;
    text_t source;          /* whose turn it is */
    int64_t from_ns, to_ns; /* the span of it that is asked for */
    int64_t next_ns;        /* of a page that is full: where the next one begins */
    bool full;
} coverage_page_t;

/* "<time> <source>" */
static bool parse_next(text_t next, int64_t *ns, text_t *source)
{
    const char *space = next.length ? memchr(next.at, ' ', next.length) : NULL;
    if (!space)
        return false;
    size_t length = (size_t)(space - next.at);
    *source = (text_t){space + 1, next.length - length - 1};
    return timestamp_parse((text_t){next.at, length}, ns) && source_valid(*source);
}

bool answer_coverage_begin(const request_t *request, buffer_t *answer)
{
    int64_t ns;
    text_t source;
    if (request->next.length == 0 || parse_next(request->next, &ns, &source))
        return true;
    answer_error(answer, request, ERROR_INVALID_CURSOR, "next: expected what an answer had as next, found \"%.*s\"",
                 TEXT_ARG(text_cut(request->next, SOURCE_MAX)));
    return false;
}

/* False when the page is full: it is not put. */
static bool put_interval(coverage_page_t *page, coverage_t told)
{
    bool counted = told.state != COVERAGE_LIVE && told.state != COVERAGE_UNKNOWN;
    if (told.from_ns < page->from_ns || told.to_ns > page->to_ns)
        told.partial = told.partial || counted;
    told.from_ns = told.from_ns < page->from_ns ? page->from_ns : told.from_ns;
    told.to_ns = told.to_ns > page->to_ns ? page->to_ns : told.to_ns;
    if (told.from_ns >= told.to_ns)
        return true;
    if (page->count == page->answer->request->count || page->out->length + INTERVAL_MAX + TAIL_MAX > page->limit_bytes) {
        page->full = true;
        page->next_ns = told.from_ns;
        return false;
    }
    page->count++;
    json_open_object(&page->json, NULL);
    json_put_text(&page->json, "source", page->source);
    coverage_put(&page->json, &told);
    json_close_object(&page->json);
    return true;
}

/* Of a source that was not heard for too long nobody knows whether what was going on still does. */
static bool put_open(coverage_page_t *page, const symbol_source_t *source, coverage_t told)
{
    if (told.state == COVERAGE_UNKNOWN || source->sure_ns >= page->answer->now_ns - SILENT_MS * NS_PER_MS)
        return put_interval(page, told);
    coverage_t unknown = {.state = COVERAGE_UNKNOWN, .from_ns = told.from_ns, .to_ns = COVERAGE_OPEN, .cursor = told.cursor};
    if (source->sure_ns > told.from_ns)
        unknown.from_ns = told.to_ns = source->sure_ns;
    return (told.to_ns == COVERAGE_OPEN || put_interval(page, told)) && put_interval(page, unknown);
}

static void put_source(coverage_page_t *page, const symbol_source_t *source)
{
    const coverage_series_t *series = source->coverage ? memory_log_coverage(source->coverage) : NULL;
    bool more = series != NULL;
    page->source = source->name;
    for (size_t n = more ? coverage_series_find(series, page->from_ns) : 0; more && n < coverage_series_count(series); n++) {
        coverage_t told = coverage_series_at(series, n);
        more = told.from_ns < page->to_ns &&
               (told.to_ns == COVERAGE_OPEN ? put_open(page, source, told) : put_interval(page, told));
    }
}

static void put_coverage(coverage_page_t *page, const symbol_sources_t *sources)
{
    const request_t *request = page->answer->request;
    int64_t next_ns = 0;
    text_t next = {"", 0};
    if (request->next.length > 0)
        parse_next(request->next, &next_ns, &next);
    json_open_array(&page->json, "coverage");
    for (size_t i = 0; i < sources->count && !page->full; i++) {
        int order = text_compare(sources->sources[i].name, next);
        page->from_ns = request->has_after ? request->after_ns : 0;
        page->to_ns = request->has_before ? request->before_ns : COVERAGE_OPEN;
        if (order == 0 && next_ns > page->from_ns)
            page->from_ns = next_ns;
        if (order >= 0)
            put_source(page, &sources->sources[i]);
    }
    json_close_array(&page->json);
}

static void put_oldest(const merge_t *oldest, json_writer_t *json)
{
    json_open_object(json, "oldest");
    for (size_t i = 0; i < oldest->count; i++) {
        const merge_head_t *head = &oldest->heads[i];
        text_t symbol, source;
        if (head->state != MERGE_TRADE || !topic_parse(memory_log_topic(head->memory_log), &symbol, &source))
            continue;
        json_put_name(json, source);
        json_open_object(json, NULL);
        cursor_put(json, "cursor", head->next.cursor);
        json_put_time(json, "time", head->next.timestamp_ns, NS_DIGITS);
        json_close_object(json);
    }
    json_close_object(json);
}

static void put_next(coverage_page_t *page)
{
    char next[TIMESTAMP_MAX + 1 + SOURCE_MAX];
    size_t length = timestamp_print(next, page->next_ns, NS_DIGITS);
    next[length++] = ' ';
    memcpy(next + length, page->source.at, page->source.length);
    json_put_text(&page->json, "next", (text_t){next, length + page->source.length});
}

static bool is_incomplete(const answer_coverage_t *self, const symbol_sources_t *sources)
{
    bool incomplete = self->incomplete;
    for (size_t i = 0; self->rebuild && i < sources->count; i++)
        if (sources->sources[i].coverage)
            incomplete = incomplete || rebuild_lacks(self->rebuild, memory_log_candles(sources->sources[i].coverage));
    return incomplete;
}

void answer_coverage(const answer_coverage_t *self, size_t limit_bytes, buffer_t *answer)
{
    symbol_sources_t sources;
    symbol_sources_find(&sources, self->catalog, self->request->symbol, self->request->source, self->now_ns);
    coverage_page_t page = {
        .answer = self, .json = answer_begin(answer, self->request), .out = answer, .limit_bytes = limit_bytes};
    put_coverage(&page, &sources);
    put_oldest(self->oldest, &page.json);
    if (is_incomplete(self, &sources))
        json_put_bool(&page.json, "incomplete", true);
    if (page.full)
        put_next(&page);
    json_close_object(&page.json);
}
