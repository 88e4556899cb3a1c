#include "cached/answers/page_printer.h"

#include "cached/answers/answer_coverage.h"
#include "common/clock.h"

enum { TAIL_ROOM = 64 /* what follows the trades in an answer, beside the places */ };

static const cursor_t cursor_first = {0, 0}, cursor_last = {UINT64_MAX, UINT64_MAX};

static window_t wanted_window(const request_t *request)
{
    window_t window = WINDOW_ALL;
    if (request->has_after)
        window.after_ns = request->after_ns;
    if (request->has_before)
        window.before_ns = request->before_ns;
    return window;
}

static text_t source_of(const memory_log_t *memory_log)
{
    text_t symbol, source = {"", 0};
    topic_parse(memory_log_topic(memory_log), &symbol, &source); /* a memory log's topic is valid */
    return source;
}

static bool is_wanted(const request_t *request, text_t source)
{
    return request->source.length == 0 || text_equal(request->source, source);
}

static void begin(page_printer_t *self, const request_t *request)
{
    self->request = request;
    self->catalog = NULL;
    self->count = self->missing = 0;
    self->begun = self->incomplete = self->by_cursor = false;
    self->expected = cursor_first;
}

void page_printer_begin_recent(page_printer_t *self, const request_t *request, const catalog_symbol_t *symbol, bool store)
{
    begin(self, request);
    merge_begin(&self->merge, MERGE_NEWEST_FIRST, wanted_window(request), store);
    for (size_t i = 0; i < symbol->memory_log_count; i++) {
        cursor_t upto = cursor_last;
        text_t source = source_of(symbol->memory_logs[i]);
        if (is_wanted(request, source) && (request->upto.length == 0 || request_place(request->upto, source, &upto)))
            merge_add_newest(&self->merge, symbol->memory_logs[i], upto);
    }
}

void page_printer_begin_since(page_printer_t *self, const request_t *request, const catalog_symbol_t *symbol, bool store)
{
    begin(self, request);
    merge_begin(&self->merge, MERGE_OLDEST_FIRST, wanted_window(request), store);
    for (size_t i = 0; i < symbol->memory_log_count; i++) {
        cursor_t from = cursor_first;
        text_t source = source_of(symbol->memory_logs[i]);
        request_place(request->from_each, source, &from);
        if (is_wanted(request, source))
            merge_add_oldest(&self->merge, symbol->memory_logs[i], from, cursor_last);
    }
}

void page_printer_begin_range(page_printer_t *self, const request_t *request, const memory_log_t *memory_log, bool store)
{
    begin(self, request);
    self->by_cursor = true;
    if (request->has_from)
        self->expected = (cursor_t){request->from.epoch, request->from.seq ? request->from.seq : 1};
    merge_begin(&self->merge, MERGE_OLDEST_FIRST, WINDOW_ALL, store);
    if (memory_log)
        merge_add_oldest(&self->merge, memory_log, request->has_from ? request->from : cursor_first,
                         request->has_to ? request->to : cursor_last);
}

void page_printer_begin_coverage(page_printer_t *self, const request_t *request, const catalog_t *catalog, bool store)
{
    catalog_symbol_t symbol;
    begin(self, request);
    self->catalog = catalog;
    merge_begin(&self->merge, MERGE_OLDEST_FIRST, WINDOW_ALL, store);
    for (size_t i = 0; catalog_symbol(catalog, request->symbol, &symbol) && i < symbol.memory_log_count; i++)
        if (is_wanted(request, source_of(symbol.memory_logs[i])))
            merge_add_oldest(&self->merge, symbol.memory_logs[i], cursor_first, cursor_last);
}

/* How many seqs lie from `expected` up to, but without, `found`. Of an epoch that came in between, and of the rest of the epoch before
 * it, nobody knows how many there were: they are not counted. */
static uint64_t count_between(cursor_t expected, cursor_t found)
{
    if (cursor_compare(expected, cursor_first) == 0 || cursor_compare(found, expected) <= 0)
        return 0;
    if (found.epoch == expected.epoch)
        return found.seq - expected.seq;
    return found.seq ? found.seq - 1 : 0;
}

/* What the stream has been known to reach and the page came to the end of: behind it nothing is missing. */
static void count_missing_to_end(page_printer_t *self)
{
    if (self->merge.count == 0)
        return;
    cursor_t known = memory_log_known(self->merge.heads[0].memory_log);
    bool cut = self->request->has_to && cursor_compare(self->request->to, known) < 0;
    self->missing += count_between(self->expected, cursor_behind(cut ? self->request->to : known));
}

/* Of what the store failed to give nobody knows what it has: only what lies within memory is missing. */
static void skip_unknown(page_printer_t *self)
{
    cursor_t edge = memory_log_edge(self->merge.heads[0].memory_log);
    if (cursor_compare(self->expected, cursor_first) != 0 && cursor_compare(self->expected, edge) < 0)
        self->expected = edge;
}

static void put_places(const page_printer_t *self, json_writer_t *json)
{
    cursor_t place;
    json_open_object(json, "next");
    for (size_t i = 0; i < self->merge.count; i++) {
        if (!merge_place(&self->merge, i, &place))
            continue;
        json_put_name(json, source_of(self->merge.heads[i].memory_log));
        cursor_put(json, NULL, place);
    }
    json_close_object(json);
}

static void put_tail(page_printer_t *self, bool more, json_writer_t *json)
{
    json_close_array(json);
    if (self->by_cursor) {
        if (!more)
            count_missing_to_end(self);
        json_put_u64(json, "missing", self->missing);
    }
    if (self->incomplete)
        json_put_bool(json, "incomplete", true);
    if (more && self->by_cursor)
        cursor_put(json, "next", self->expected);
    else if (more)
        put_places(self, json);
    json_close_object(json);
}

static size_t tail_room(const page_printer_t *self)
{
    const size_t punctuation = sizeof "'':'',";
    return TAIL_ROOM + self->merge.count * (SOURCE_MAX + CURSOR_MAX + punctuation);
}

static void put_trade(page_printer_t *self, const memory_log_trade_t *trade, json_writer_t *json)
{
    self->count++;
    json_put_raw(json, NULL, trade->json);
    if (self->by_cursor) {
        self->missing += count_between(self->expected, trade->cursor);
        self->expected = cursor_behind(trade->cursor);
    }
}

/* The merge has every stream's oldest trade as soon as it can tell which of them is the oldest. */
static bool print_coverage(page_printer_t *self, size_t limit_bytes, buffer_t *answer)
{
    memory_log_trade_t oldest;
    if (self->begun)
        merge_resume(&self->merge);
    self->begun = true;
    if (merge_peek(&self->merge, &oldest) == MERGE_LACKS)
        return false;
    answer_coverage_t coverage = {.request = self->request,
                                  .catalog = self->catalog,
                                  .rebuild = self->rebuild,
                                  .oldest = &self->merge,
                                  .incomplete = self->incomplete,
                                  .now_ns = clock_real_ns()};
    answer_coverage(&coverage, limit_bytes, answer);
    return true;
}

static bool print_trades(page_printer_t *self, size_t limit_bytes, buffer_t *answer)
{
    memory_log_trade_t trade;
    size_t room = tail_room(self);
    json_writer_t json = self->begun ? json_write_on(answer) : answer_begin(answer, self->request);
    if (!self->begun) {
        json_open_array(&json, "trades");
        self->begun = true;
    } else {
        merge_resume(&self->merge);
    }
    merge_state_t state = merge_peek(&self->merge, &trade);
    for (; state == MERGE_TRADE; state = merge_peek(&self->merge, &trade)) {
        if (self->count == self->request->count || answer->length + trade.json.length + room > limit_bytes)
            break;
        put_trade(self, &trade, &json);
        merge_advance(&self->merge);
    }
    if (state == MERGE_LACKS && self->count < self->request->count)
        return false;
    put_tail(self, state != MERGE_END, &json); /* of a store that was not asked, the next page will tell */
    return true;
}

bool page_printer_print(page_printer_t *self, size_t limit_bytes, buffer_t *answer)
{
    return self->catalog ? print_coverage(self, limit_bytes, answer) : print_trades(self, limit_bytes, answer);
}

size_t page_printer_lacking(const page_printer_t *self, size_t stream)
{
    while (stream < self->merge.count && self->merge.heads[stream].state != MERGE_LACKS)
        stream++;
    return stream;
}

size_t page_printer_streams(const page_printer_t *self)
{
    return self->merge.count;
}

store_query_t page_printer_wants(page_printer_t *self, size_t stream)
{
    return merge_lacked(&self->merge, stream, self->catalog ? 1 : self->request->count - self->count + 1);
}

/* Is all that was asked of the store stored, as far as it is older than what memory holds? What was before seq 1 of an epoch nobody
 * knows. */
static bool is_stored(const memory_log_t *memory_log, const store_query_t *query, cursor_t stored)
{
    cursor_t before = cursor_before(memory_log_edge(memory_log));
    cursor_t end = cursor_compare(query->to, before) < 0 ? query->to : before;
    return end.seq == 0 || cursor_compare(stored, end) >= 0;
}

void page_printer_give(page_printer_t *self, size_t stream, const chunk_t *chunk, cursor_t stored)
{
    const memory_log_t *memory_log = self->merge.heads[stream].memory_log;
    bool lags = !is_stored(memory_log, chunk_query(chunk), stored);
    merge_give(&self->merge, stream, chunk);
    if (!chunk_failed(chunk) && !lags)
        return;
    self->incomplete = true;
    if (self->by_cursor && chunk_failed(chunk))
        skip_unknown(self);
}

bool page_printer_floor(const page_printer_t *self, size_t stream, cursor_t *floor)
{
    return !self->incomplete && merge_floor(&self->merge, stream, floor);
}
