/* Over 400 lines, but one idea: one kind of page after the other, on one fixture. */
#include <stdio.h>
#include <stdlib.h>

#include "cached/answers/page_printer.h"
#include "common/json/json.h"
#include "tests/unit/run_tests.h"

/* A symbol's streams, of which memory holds the end and the store the rest, as one list each that says what there is. Trades' texts are
 * {"s":STREAM,"e":EPOCH,"n":SEQ}. */
enum { STREAMS = 3, TRADES = 120, PAGES_MAX = 2000 };

typedef struct {
    size_t count;
    struct {
        cursor_t cursor;
        int64_t timestamp_ns;
        char json[64];
    } trades[TRADES];
    size_t stored; /* of them */
} stream_list_t;

static uint64_t state;
static catalog_t *catalog;
static stream_list_t streams[STREAMS];
static buffer_t answer, all, whole;
static page_printer_t printer;
static chunk_t *chunks[STREAMS];
static bool store_fails;

static uint64_t random_below(uint64_t bound)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
}

static text_t topic_of(size_t stream)
{
    static char topic[] = "trade.BTC-USD.x";
    topic[sizeof topic - 2] = (char)('a' + stream);
    return text_of(topic);
}

/* The next trade happens: memory takes it, and drops its oldest one where it is full. */
static void happen(size_t number)
{
    stream_list_t *stream = &streams[number];
    if (stream->count == TRADES)
        return;
    cursor_t last = stream->count ? stream->trades[stream->count - 1].cursor : (cursor_t){5, 0};
    bool renewed = random_below(40) == 0;
    cursor_t cursor = renewed ? (cursor_t){last.epoch + 1 + random_below(3), 1} : (cursor_t){last.epoch, last.seq + 1};
    if (random_below(20) == 0)
        cursor.seq += random_below(5); /* lost on the way */
    size_t at = stream->count++;
    stream->trades[at].cursor = cursor;
    stream->trades[at].timestamp_ns = (int64_t)(at + random_below(10)) * 1000; /* some equal, some out of order */
    int length = snprintf(stream->trades[at].json, sizeof stream->trades[at].json, "{\"s\":%zu,\"e\":%llu,\"n\":%llu}", number,
                          (unsigned long long)cursor.epoch, (unsigned long long)cursor.seq);
    memory_log_trade_t trade = {cursor, stream->trades[at].timestamp_ns, {stream->trades[at].json, (size_t)length}};
    ck_assert(memory_log_append(catalog_memory_log(catalog, topic_of(number)), &trade));
    memory_log_t *memory_log = catalog_find(catalog, topic_of(number));
    stream->stored = stream->count - (size_t)random_below(memory_log_count(memory_log) + 1); /* what memory dropped is stored */
}

/* Memory is filled from the store: what comes just before its oldest trade is put there. */
static void fill(size_t number)
{
    const stream_list_t *stream = &streams[number];
    memory_log_t *memory_log = catalog_find(catalog, topic_of(number)), *older = memory_log_new_like(memory_log);
    size_t held = (size_t)memory_log_count(memory_log), before = stream->count - held;
    size_t taken = (size_t)random_below(before < 10 ? before + 1 : 10);
    for (size_t i = before - taken; i < before; i++) {
        memory_log_trade_t trade = {stream->trades[i].cursor, stream->trades[i].timestamp_ns, text_of(stream->trades[i].json)};
        ck_assert(memory_log_append(older, &trade));
    }
    memory_log_set_limit(memory_log, held + taken + 1 + random_below(5));
    ck_assert(memory_log_take_older(memory_log, &older));
}

/* Some trades happen, and now and then memory is filled. */
static void pass(bool busy)
{
    for (uint64_t n = busy ? random_below(8) : 0; n > 0; n--)
        happen(random_below(STREAMS));
    if (busy && random_below(3) == 0)
        fill(random_below(STREAMS));
}

static bool wants(const store_query_t *query, const stream_list_t *stream, size_t i)
{
    return cursor_compare(stream->trades[i].cursor, query->from) >= 0 &&
           cursor_compare(stream->trades[i].cursor, query->to) <= 0 && stream->trades[i].timestamp_ns > query->after_ns &&
           stream->trades[i].timestamp_ns < query->before_ns;
}

/* What a store does with a query. */
static void load(chunk_t *chunk)
{
    const store_query_t *query = chunk_query(chunk);
    const stream_list_t *stream = &streams[query->topic.at[query->topic.length - 1] - 'a'];
    uint64_t taken = 0;
    for (size_t n = 0; n < stream->stored && taken < query->limit && !store_fails; n++) {
        size_t i = query->order == STORE_OLDEST_FIRST ? n : stream->stored - 1 - n;
        store_trade_t trade = {.cursor = stream->trades[i].cursor,
                               .timestamp_ns = stream->trades[i].timestamp_ns,
                               .json = text_of(stream->trades[i].json)};
        if (!wants(query, stream, i))
            continue;
        taken++;
        ck_assert(chunk_take(chunk, &trade));
    }
    chunk_end(chunk, store_fails ? STORE_AWAY : STORE_OK);
}

/* One look into the store, as long as some trades take to happen. */
static void look(bool busy)
{
    bool asked[STREAMS] = {false};
    for (size_t i = page_printer_lacking(&printer, 0); i < page_printer_streams(&printer);
         i = page_printer_lacking(&printer, i + 1)) {
        store_query_t query = page_printer_wants(&printer, i);
        chunk_want(chunks[i], &query);
        asked[i] = true;
    }
    pass(busy);
    for (size_t i = 0; i < STREAMS; i++)
        if (asked[i])
            load(chunks[i]);
    pass(busy);
    for (size_t i = 0; i < STREAMS; i++) {
        if (!asked[i])
            continue;
        cursor_t floor;
        memory_log_t *memory_log = catalog_find(catalog, chunk_query(chunks[i])->topic);
        page_printer_give(&printer, i, chunks[i], (cursor_t){UINT64_MAX, UINT64_MAX});
        if (page_printer_floor(&printer, i, &floor))
            memory_log_set_floor(memory_log, floor);
    }
}

static void begin(const request_t *request)
{
    catalog_symbol_t symbol;
    ck_assert(catalog_symbol(catalog, TEXT("BTC-USD"), &symbol));
    if (text_equal(request->op, TEXT("recent")))
        page_printer_begin_recent(&printer, request, &symbol, true);
    else if (text_equal(request->op, TEXT("since")))
        page_printer_begin_since(&printer, request, &symbol, true);
    else
        page_printer_begin_range(&printer, request, catalog_find(catalog, request->topic), true);
}

/* Answers one request; the trades go to the end of `out`. `next`, raw, is empty at the end. Returns how many trades there were. */
static uint64_t turn(const char *json, bool busy, buffer_t *out, char next[static 256])
{
    request_t request;
    buffer_clear(&answer);
    ck_assert_msg(request_parse(text_of(json), &request, &answer), "%s", json);
    begin(&request);
    while (!page_printer_print(&printer, 1 << 20, &answer))
        look(busy);
    ck_assert(json_valid(buffer_text(&answer)));
    uint64_t count = 0;
    for (json_walk_t walk = json_walk(json_member(buffer_text(&answer), "trades")); json_next(&walk); count++)
        buffer_append(out, walk.value);
    text_t raw = json_member(buffer_text(&answer), "next");
    ck_assert(raw.length < 256);
    memcpy(next, raw.at ? raw.at : "", raw.length);
    next[raw.length] = '\0';
    return count;
}

typedef struct {
    const char *op, *next_member;
    const char *rest; /* members of the request */
} pages_t;

static const pages_t kinds[] = {
    {"recent", "upto", "\"symbol\":\"BTC-USD\""},
    {"recent", "upto", "\"symbol\":\"BTC-USD\",\"source\":\"b\""},
    {"recent", "upto",
     "\"symbol\":\"BTC-USD\",\"after\":\"1970-01-01T00:00:00.000020Z\",\"before\":\"1970-01-01T00:00:00.000080Z\""},
    {"since", "from", "\"symbol\":\"BTC-USD\""},
    {"since", "from", "\"symbol\":\"BTC-USD\",\"source\":\"c\""},
    {"since", "from",
     "\"symbol\":\"BTC-USD\",\"after\":\"1970-01-01T00:00:00.000020Z\",\"before\":\"1970-01-01T00:00:00.000080Z\""},
    {"range", "from", "\"topic\":\"trade.BTC-USD.b\""},
};

enum { KINDS = sizeof kinds / sizeof *kinds, ROUNDS = 200 };

static void setup(void)
{
    answer = buffer_new(0);
    all = buffer_new(0);
    whole = buffer_new(0);
    for (size_t i = 0; i < STREAMS; i++)
        chunks[i] = chunk_new();
}

static void empty(void)
{
    catalog_destroy(&catalog);
    memset(streams, 0, sizeof streams);
    buffer_clear(&all);
    buffer_clear(&whole);
}

static void teardown(void)
{
    empty();
    for (size_t i = 0; i < STREAMS; i++)
        chunk_destroy(&chunks[i]);
    buffer_release(&answer);
    buffer_release(&all);
    buffer_release(&whole);
}

static void make_streams(uint64_t seed, uint64_t trades)
{
    state = seed;
    catalog = catalog_new(1 + random_below(30));
    for (size_t i = 0; i < STREAMS; i++)
        ck_assert_ptr_nonnull(catalog_memory_log(catalog, topic_of(i)));
    for (uint64_t n = random_below(trades); n > 0; n--)
        happen(random_below(STREAMS));
}

/* All pages, one behind the other, into `all`. */
static void turn_pages(const pages_t *kind, bool busy)
{
    char request[1000], next[256] = "";
    for (int pages = 0;; pages++) {
        uint64_t count = 1 + random_below(random_below(3) ? 7 : 60);
        bool first = !*next;
        snprintf(request, sizeof request, "{\"op\":\"%s\",%s,\"count\":%llu%s%s%s%s}", kind->op, kind->rest,
                 (unsigned long long)count, first ? "" : ",\"", first ? "" : kind->next_member, first ? "" : "\":", next);
        ck_assert_uint_le(turn(request, busy, &all, next), count);
        ck_assert_int_lt(pages, PAGES_MAX);
        if (!*next)
            return;
        for (uint64_t n = busy ? random_below(4) : 0; n > 0; n--)
            happen(random_below(STREAMS));
    }
}

/* How often a text is in `all`. */
static size_t occurrences(const char *text)
{
    size_t found = 0, length = strlen(text);
    for (const char *at = all.bytes; all.length > 0 && (at = memmem(at, (size_t)(all.bytes + all.length - at), text, length));
         at += length)
        found++;
    return found;
}

/* The list that the whole is, made without memory, store and pages. */
static void list_range(size_t number)
{
    for (size_t i = 0; i < streams[number].count; i++)
        buffer_append(&whole, text_of(streams[number].trades[i].json));
}

START_TEST(pages_put_together_are_the_whole)
{
    const pages_t *kind = &kinds[_i % KINDS];
    for (uint64_t seed = 1; seed <= ROUNDS; seed++, empty()) {
        char request[1000], next[256];
        make_streams(seed * KINDS + (uint64_t)_i, STREAMS * TRADES);
        turn_pages(kind, false);
        snprintf(request, sizeof request, "{\"op\":\"%s\",%s,\"count\":10000}", kind->op, kind->rest);
        turn(request, false, &whole, next);
        ck_assert_str_eq(next, "");
        ck_assert_msg(text_equal(buffer_text(&all), buffer_text(&whole)), "seed %llu of %s %s", (unsigned long long)seed,
                      kind->op, kind->rest);
    }
}
END_TEST

START_TEST(the_whole_is_what_there_is)
{
    for (uint64_t seed = 1; seed <= ROUNDS; seed++, empty()) {
        char next[256];
        make_streams(seed, STREAMS * TRADES);
        turn("{\"op\":\"range\",\"topic\":\"trade.BTC-USD.b\",\"count\":10000}", false, &all, next);
        list_range(1);
        ck_assert(text_equal(buffer_text(&all), buffer_text(&whole)));
        buffer_clear(&all);
        turn("{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"count\":10000}", false, &all, next);
        for (size_t i = 0; i < STREAMS; i++)
            for (size_t n = 0; n < streams[i].count; n++)
                ck_assert_uint_eq(occurrences(streams[i].trades[n].json), 1);
    }
}
END_TEST

/* Trades happen, and memory drops some, while the store is read and between the pages: of those that there were at the beginning none is
 * missing, and none comes twice. */
START_TEST(there_is_no_seam_while_trades_happen)
{
    const pages_t *kind = &kinds[_i ? 3 : 0];
    for (uint64_t seed = 1; seed <= ROUNDS; seed++, empty()) {
        make_streams(seed, TRADES);
        size_t counts[STREAMS];
        for (size_t i = 0; i < STREAMS; i++)
            counts[i] = streams[i].count;
        turn_pages(kind, true);
        for (size_t i = 0; i < STREAMS; i++)
            for (size_t n = 0; n < streams[i].count; n++) {
                size_t found = occurrences(streams[i].trades[n].json);
                ck_assert_msg(found == 1 || (found == 0 && n >= counts[i]), "seed %llu: %s is there %zu times",
                              (unsigned long long)seed, streams[i].trades[n].json, found);
            }
    }
}
END_TEST

START_TEST(a_store_that_fails_is_told_and_memory_answers)
{
    char next[256];
    make_streams(7, 1);
    for (size_t n = 0; n < 50; n++)
        happen(0);
    uint64_t held = memory_log_count(catalog_find(catalog, topic_of(0)));
    store_fails = true;
    ck_assert_uint_eq(turn("{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":50}", false, &all, next), held);
    ck_assert(text_equal(json_member(buffer_text(&answer), "incomplete"), TEXT("true")));
    ck_assert_uint_eq(turn("{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"count\":50}", false, &all, next), held);
    ck_assert(text_equal(json_member(buffer_text(&answer), "incomplete"), TEXT("true")));
    store_fails = false;
    ck_assert_uint_eq(turn("{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":50}", false, &all, next), 50);
    ck_assert_uint_eq(json_member(buffer_text(&answer), "incomplete").length, 0);
}
END_TEST

START_TEST(what_is_only_in_the_store_is_not_missing)
{
    char next[256];
    catalog = catalog_new(3);
    state = 1;
    ck_assert_ptr_nonnull(catalog_memory_log(catalog, topic_of(0)));
    for (uint64_t seq = 1; seq <= 10; seq++) {
        size_t at = streams[0].count++;
        streams[0].trades[at].cursor = (cursor_t){5, seq};
        snprintf(streams[0].trades[at].json, sizeof streams[0].trades[at].json, "{\"n\":%llu}", (unsigned long long)seq);
        if (seq == 5)
            streams[0].count--; /* nobody has it */
        else
            ck_assert(memory_log_append(catalog_memory_log(catalog, topic_of(0)),
                                        &(memory_log_trade_t){{5, seq}, 0, text_of(streams[0].trades[at].json)}));
    }
    streams[0].stored = streams[0].count;
    turn("{\"op\":\"range\",\"topic\":\"trade.BTC-USD.a\",\"from\":\"5-2\"}", false, &all, next);
    ck_assert_uint_eq(printer.missing, 1);
    turn("{\"op\":\"range\",\"topic\":\"trade.BTC-USD.a\",\"from\":\"5-2\",\"to\":\"5-4\"}", false, &all, next);
    ck_assert_uint_eq(printer.missing, 0);
}
END_TEST

START_TEST(the_store_is_not_asked_where_memory_knows)
{
    request_t request;
    make_streams(3, 1);
    for (size_t n = 0; n < TRADES; n++)
        happen(0);
    static const char *const requests[] = {
        "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"count\":1,\"source\":\"a\"}",
        "{\"op\":\"recent\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"after\":\"1970-01-01T01:00:00Z\"}",
        "{\"op\":\"since\",\"symbol\":\"BTC-USD\",\"source\":\"a\",\"after\":\"1970-01-01T01:00:00Z\"}",
    };
    ck_assert(request_parse(text_of(requests[_i]), &request, &answer));
    begin(&request);
    buffer_clear(&answer);
    ck_assert(page_printer_print(&printer, 1 << 20, &answer));
}
END_TEST

/* Once somebody has looked. */
START_TEST(the_store_is_not_asked_again_for_what_it_does_not_have)
{
    char next[256];
    request_t request;
    catalog = catalog_new(100);
    state = 1;
    for (size_t n = 0; n < 10; n++)
        happen(0);
    turn("{\"op\":\"recent\",\"symbol\":\"BTC-USD\"}", false, &all, next);
    ck_assert(request_parse(TEXT("{\"op\":\"recent\",\"symbol\":\"BTC-USD\"}"), &request, &answer));
    begin(&request);
    buffer_clear(&answer);
    ck_assert(page_printer_print(&printer, 1 << 20, &answer));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("page_printer");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, pages_put_together_are_the_whole, 0, KINDS);
    tcase_add_test(tcase, the_whole_is_what_there_is);
    tcase_add_loop_test(tcase, there_is_no_seam_while_trades_happen, 0, 2);
    tcase_add_test(tcase, a_store_that_fails_is_told_and_memory_answers);
    tcase_add_test(tcase, what_is_only_in_the_store_is_not_missing);
    tcase_add_loop_test(tcase, the_store_is_not_asked_where_memory_knows, 0, 3);
    tcase_add_test(tcase, the_store_is_not_asked_again_for_what_it_does_not_have);
    return RUN_TESTS("page_printer", tcase);
}
