#include "cached/answers/extract.h"

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

static text_t source_of(const tape_t *tape)
{
    text_t symbol, source = {"", 0};
    topic_parse(tape_topic(tape), &symbol, &source); /* a tape's topic is valid */
    return source;
}

static bool is_wanted(const request_t *request, text_t source)
{
    return request->source.length == 0 || text_equal(request->source, source);
}

static void begin(extract_t *self, const request_t *request)
{
    self->request = request;
    self->count = self->missing = 0;
    self->begun = self->incomplete = self->by_cursor = false;
    self->expected = cursor_first;
}

void extract_begin_recent(extract_t *self, const request_t *request, const shelf_symbol_t *symbol, bool store)
{
    begin(self, request);
    merge_begin(&self->merge, MERGE_NEWEST_FIRST, wanted_window(request), store);
    for (size_t i = 0; i < symbol->tape_count; i++) {
        cursor_t upto = cursor_last;
        text_t source = source_of(symbol->tapes[i]);
        if (is_wanted(request, source) && (request->upto.length == 0 || request_place(request->upto, source, &upto)))
            merge_add_newest(&self->merge, symbol->tapes[i], upto);
    }
}

void extract_begin_since(extract_t *self, const request_t *request, const shelf_symbol_t *symbol, bool store)
{
    begin(self, request);
    merge_begin(&self->merge, MERGE_OLDEST_FIRST, wanted_window(request), store);
    for (size_t i = 0; i < symbol->tape_count; i++) {
        cursor_t from = cursor_first;
        text_t source = source_of(symbol->tapes[i]);
        request_place(request->from_each, source, &from);
        if (is_wanted(request, source))
            merge_add_oldest(&self->merge, symbol->tapes[i], from, cursor_last);
    }
}

void extract_begin_range(extract_t *self, const request_t *request, const tape_t *tape, bool store)
{
    begin(self, request);
    self->by_cursor = true;
    if (request->has_from)
        self->expected = (cursor_t){request->from.epoch, request->from.seq ? request->from.seq : 1};
    merge_begin(&self->merge, MERGE_OLDEST_FIRST, WINDOW_ALL, store);
    if (tape)
        merge_add_oldest(&self->merge, tape, request->has_from ? request->from : cursor_first,
                         request->has_to ? request->to : cursor_last);
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
static void count_missing_to_end(extract_t *self)
{
    if (self->merge.count == 0)
        return;
    cursor_t known = tape_known(self->merge.heads[0].tape);
    bool cut = self->request->has_to && cursor_compare(self->request->to, known) < 0;
    self->missing += count_between(self->expected, cursor_behind(cut ? self->request->to : known));
}

/* Of what the store failed to give nobody knows what it has: only what lies within memory is missing. */
static void skip_unknown(extract_t *self)
{
    cursor_t edge = tape_edge(self->merge.heads[0].tape);
    if (cursor_compare(self->expected, cursor_first) != 0 && cursor_compare(self->expected, edge) < 0)
        self->expected = edge;
}

static void put_cursor(buffer_t *answer, cursor_t cursor)
{
    char text[CURSOR_MAX];
    buffer_append(answer, TEXT("\""));
    buffer_append(answer, (text_t){text, cursor_print(text, cursor)});
    buffer_append(answer, TEXT("\""));
}

static void put_places(const extract_t *self, buffer_t *answer)
{
    cursor_t place;
    bool first = true;
    buffer_append(answer, TEXT("{"));
    for (size_t i = 0; i < self->merge.count; i++) {
        if (!merge_place(&self->merge, i, &place))
            continue;
        if (!first)
            buffer_append(answer, TEXT(","));
        first = false;
        buffer_append_json_string(answer, source_of(self->merge.heads[i].tape));
        buffer_append(answer, TEXT(":"));
        put_cursor(answer, place);
    }
    buffer_append(answer, TEXT("}"));
}

static void put_tail(extract_t *self, bool more, buffer_t *answer)
{
    buffer_append(answer, TEXT("]"));
    if (self->by_cursor) {
        if (!more)
            count_missing_to_end(self);
        buffer_append(answer, TEXT(",\"missing\":"));
        buffer_append_u64(answer, self->missing);
    }
    if (self->incomplete)
        buffer_append(answer, TEXT(",\"incomplete\":true"));
    if (more) {
        buffer_append(answer, TEXT(",\"next\":"));
        if (self->by_cursor)
            put_cursor(answer, self->expected);
        else
            put_places(self, answer);
    }
    buffer_append(answer, TEXT("}"));
}

static size_t tail_room(const extract_t *self)
{
    return TAIL_ROOM + self->merge.count * (SOURCE_MAX + CURSOR_MAX + sizeof "\"\":\"\",");
}

static void put_trade(extract_t *self, const tape_trade_t *trade, buffer_t *answer)
{
    if (self->count++ > 0)
        buffer_append(answer, TEXT(","));
    buffer_append(answer, trade->json);
    if (self->by_cursor) {
        self->missing += count_between(self->expected, trade->cursor);
        self->expected = cursor_behind(trade->cursor);
    }
}

bool extract_print(extract_t *self, size_t limit_bytes, buffer_t *answer)
{
    tape_trade_t trade;
    size_t room = tail_room(self);
    if (!self->begun) {
        answer_begin(answer, self->request);
        buffer_append(answer, TEXT(",\"trades\":["));
        self->begun = true;
    } else {
        merge_resume(&self->merge);
    }
    merge_state_t state = merge_peek(&self->merge, &trade);
    for (; state == MERGE_TRADE; state = merge_peek(&self->merge, &trade)) {
        if (self->count == self->request->count || answer->length + trade.json.length + room > limit_bytes)
            break;
        put_trade(self, &trade, answer);
        merge_advance(&self->merge);
    }
    if (state == MERGE_LACKS && self->count < self->request->count)
        return false;
    put_tail(self, state != MERGE_END, answer); /* of a store that was not asked, the next page will tell */
    return true;
}

size_t extract_lacking(const extract_t *self, size_t stream)
{
    while (stream < self->merge.count && self->merge.heads[stream].state != MERGE_LACKS)
        stream++;
    return stream;
}

size_t extract_streams(const extract_t *self)
{
    return self->merge.count;
}

store_query_t extract_wants(extract_t *self, size_t stream)
{
    return merge_lacked(&self->merge, stream, self->request->count - self->count + 1);
}

/* Is all that was asked of the store stored, as far as it is older than what memory holds? What was before seq 1 of an epoch nobody
 * knows. */
static bool is_stored(const tape_t *tape, const store_query_t *query, cursor_t stored)
{
    cursor_t before = cursor_before(tape_edge(tape));
    cursor_t end = cursor_compare(query->to, before) < 0 ? query->to : before;
    return end.seq == 0 || cursor_compare(stored, end) >= 0;
}

void extract_give(extract_t *self, size_t stream, const chunk_t *chunk, cursor_t stored)
{
    const tape_t *tape = self->merge.heads[stream].tape;
    bool lags = !is_stored(tape, chunk_query(chunk), stored);
    merge_give(&self->merge, stream, chunk);
    if (!chunk_failed(chunk) && !lags)
        return;
    self->incomplete = true;
    if (self->by_cursor && chunk_failed(chunk))
        skip_unknown(self);
}

bool extract_floor(const extract_t *self, size_t stream, cursor_t *floor)
{
    return !self->incomplete && merge_floor(&self->merge, stream, floor);
}
