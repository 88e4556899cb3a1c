#include "cached/archive/importer.h"

#include <stdlib.h>

#include "common/table.h"
#include "proto/record.h"
#include "proto/topic.h"
#include "proto/trade.h"

/* TRIES: while the store is busy with somebody else, which it waits for itself. */
enum { BATCH = 20000, TRIES = 5, LINE_MAX_BYTES = RECORD_MAX + 5 /* with its end, and a byte order mark before it */ };

/* One trade of the batch, with all that it needs to stay. */
typedef struct {
    char topic[TOPIC_MAX];
    char json[RECORD_MAX];
} import_row_t;

/* A stream as far as we know. */
typedef struct {
    cursor_t place;
    cursor_t ours; /* the last one that we moved the place to; {0, 0}: we never did */
} import_stream_t;

typedef struct {
    store_trade_t *trades;
    size_t count;
} import_list_t;

typedef struct {
    const store_kind_t *kind;
    void *store;
    bool later;
    import_row_t *rows;
    import_list_t read, append, fill; /* BATCH trades each; the last two are what is read, sorted and parted */
    table_t *streams;
    import_counts_t *counts;
    char *error;
} import_t;

/* A line without its end. False when it is no trade. */
static bool take(import_t *self, text_t line)
{
    trade_t trade;
    char room[SUBJECT_MAX];
    import_row_t *row = &self->rows[self->read.count];
    store_trade_t *entry = &self->read.trades[self->read.count];
    if (line.length > RECORD_MAX || !record_parse(line, &trade) || trade.cursor.epoch >= INT64_MAX ||
        trade.cursor.seq >= INT64_MAX)
        return false;
    entry->timestamp_ns = trade_time_ns(&trade);
    memcpy(row->json, line.at, line.length);
    entry->cursor = trade.cursor;
    entry->json = (text_t){row->json, line.length};
    text_t subject = {room, record_subject(room, &trade)};
    entry->topic = (text_t){row->topic, topic_print(row->topic, subject, trade.source)};
    self->read.count++;
    return true;
}

static bool no_memory(import_t *self)
{
    snprintf(self->error, STORE_ERROR_MAX, "no memory");
    return false;
}

static import_stream_t *stream_of(import_t *self, text_t topic)
{
    import_stream_t *stream = table_get(self->streams, topic);
    if (stream || !(stream = calloc(1, sizeof *stream)))
        return stream;
    if (table_put(self->streams, topic, stream))
        return stream;
    free(stream);
    return NULL;
}

static bool note_place(void *arg, const store_stream_t *stored)
{
    import_stream_t *stream = stream_of(arg, stored->topic);
    if (stream)
        stream->place = stored->place;
    return stream != NULL;
}

static int by_stream_and_cursor(const void *a, const void *b)
{
    const store_trade_t *left = a, *right = b;
    int order = text_compare(left->topic, right->topic);
    return order != 0 ? order : cursor_compare(left->cursor, right->cursor);
}

static bool may_follow(const import_t *self, const import_stream_t *stream, cursor_t cursor)
{
    static const cursor_t nothing = {0, 0};
    return self->later || cursor_compare(stream->place, nothing) == 0 || cursor_compare(stream->place, stream->ours) == 0 ||
           cursor_compare(cursor, cursor_behind(stream->place)) == 0;
}

/* Each trade to those that are appended, to those that fill, or to none. */
static bool part(import_t *self)
{
    qsort(self->read.trades, self->read.count, sizeof *self->read.trades, by_stream_and_cursor);
    self->append.count = self->fill.count = 0;
    for (size_t i = 0; i < self->read.count; i++) {
        const store_trade_t *trade = &self->read.trades[i];
        import_stream_t *stream = stream_of(self, trade->topic);
        if (!stream)
            return no_memory(self);
        if (cursor_compare(trade->cursor, stream->place) <= 0) {
            self->fill.trades[self->fill.count++] = *trade;
        } else if (may_follow(self, stream, trade->cursor)) {
            self->append.trades[self->append.count++] = *trade;
            stream->place = stream->ours = trade->cursor;
        } else {
            self->counts->later++;
        }
    }
    return true;
}

/* What is read, now that it is known how far the store is: cached may have moved on meanwhile. */
static store_result_t write(import_t *self, uint64_t *filled)
{
    store_result_t result = STORE_AWAY;
    for (int i = 0; i < TRIES && result == STORE_AWAY; i++)
        result = self->kind->write.append(self->store, self->append.trades, self->append.count, self->error);
    if (result == STORE_OK)
        self->counts->stored += self->append.count;
    else
        return result;
    result = STORE_AWAY;
    for (int i = 0; i < TRIES && result == STORE_AWAY; i++) {
        result = self->kind->write.fill(self->store, self->fill.trades, self->fill.count, filled, self->error);
        self->counts->stored += *filled;
    }
    return result;
}

static bool flush(import_t *self)
{
    uint64_t filled = 0;
    bool good = self->read.count == 0 || (self->kind->read.load(self->store, note_place, self, self->error) == STORE_OK &&
                                          part(self) && write(self, &filled) == STORE_OK);
    self->read.count = 0;
    return good;
}

static bool read_lines(import_t *self, FILE *in)
{
    char line[LINE_MAX_BYTES + 1];
    while (fgets(line, sizeof line, in)) {
        text_t text = {line, strcspn(line, "\r\n")};
        if (self->counts->read++ == 0)
            text = text_without_mark(text);
        if (!take(self, text)) {
            snprintf(self->error, STORE_ERROR_MAX, "line %llu: expected a trade in the form of an export, found %.60s",
                     (unsigned long long)self->counts->read, line);
            return false;
        }
        if (self->read.count == BATCH && !flush(self))
            return false;
    }
    return flush(self);
}

static bool import_open(import_t *self, const char *url)
{
    import_list_t *const lists[] = {&self->read, &self->append, &self->fill};
    self->streams = table_new();
    self->rows = calloc(BATCH, sizeof *self->rows);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        lists[i]->trades = calloc(BATCH, sizeof *lists[i]->trades);
    if (!self->streams || !self->rows || !self->read.trades || !self->append.trades || !self->fill.trades)
        return no_memory(self);
    return self->kind->open(url, &self->store, self->error) == STORE_OK;
}

static void import_close(import_t *self)
{
    size_t at = 0;
    for (import_stream_t *stream; self->streams && (stream = table_each(self->streams, &at));)
        free(stream);
    table_destroy(&self->streams);
    self->kind->close(self->store);
    free(self->rows);
    free(self->read.trades);
    free(self->append.trades);
    free(self->fill.trades);
}

bool import_trades(FILE *in, const store_kind_t *kind, const char *url, bool later, import_counts_t *counts, char *error)
{
    import_t self = {.kind = kind, .later = later, .counts = counts, .error = error};
    *counts = (import_counts_t){0};
    bool good = import_open(&self, url) && read_lines(&self, in);
    if (!good && self.read.count > 0) { /* a bad line: what came before it is stored all the same */
        char ignored[STORE_ERROR_MAX];
        self.error = ignored;
        flush(&self);
    }
    import_close(&self);
    return good;
}
