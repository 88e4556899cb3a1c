/* Trades in PostgreSQL, for history that outlives a machine. A batch is one transaction: it locks the rows of its streams, leaves out what
 * is there, and brings in the rest by COPY; so that replicas and imports may write the same streams at once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cached/postgres/postgres_store.h"

static store_result_t no_memory(char *error)
{
    snprintf(error, STORE_ERROR_MAX, "postgres: out of memory");
    return STORE_AWAY;
}

/* --- append, fill --- */

static store_result_t make_day(postgres_t *self, int64_t day, char *error)
{
    int64_t *known = &self->days[day % POSTGRES_DAYS];
    if (*known == day + 1)
        return STORE_OK;
    store_result_t result = postgres_link_run(&self->link, NULL, error, "SELECT dataflow.make_day(%" PRId64 ")", day);
    *known = result == STORE_OK ? day + 1 : 0;
    return result;
}

/* In a transaction of their own each: making one waits for all who use the table, and must hold no other lock meanwhile. */
static store_result_t make_days(postgres_t *self, const store_trade_t *trades, size_t count, char *error)
{
    store_result_t result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && i < count; i++)
        if (trades[i].timestamp_ns >= 0 && trades[i].timestamp_ns < INT64_MAX - DAY_NS)
            result = make_day(self, trades[i].timestamp_ns / DAY_NS, error);
    return result;
}

/* The topics of a batch as an array's text. */
static void print_topics(postgres_t *self)
{
    const sorted_batch_stream_t *stream;
    buffer_t *out = &self->text;
    buffer_clear(out);
    for (size_t i = 0; (stream = sorted_batch_stream(self->batch, i)); i++) {
        buffer_append(out, i == 0 ? TEXT("{\"") : TEXT(",\""));
        for (size_t k = 0; k < stream->topic.length; k++) {
            if (strchr("\\\"", stream->topic.at[k]))
                buffer_append(out, TEXT("\\"));
            buffer_append(out, (text_t){stream->topic.at + k, 1});
        }
        buffer_append(out, TEXT("\""));
    }
    buffer_append(out, TEXT("}"));
}

/* Which half of a stream's trades a batch is for, now that its place is known. */
typedef void choose_fn(sorted_batch_stream_t *stream, cursor_t place);

/* Locks the batch's streams in the order of their ids, so that two writers never wait for each other, and chooses.
 * *known: how many streams have a row. */
static store_result_t lock_streams(postgres_t *self, choose_fn *choose, int *known, char *error)
{
    PGresult *rows;
    store_result_t result = postgres_link_run_with(
        &self->link, &rows, error,
        "SELECT t.number, s.id, s.epoch, s.seq FROM unnest($1::text::text[]) WITH ORDINALITY t(topic, number)"
        " JOIN dataflow.stream s ON s.topic = t.topic ORDER BY s.id FOR UPDATE OF s",
        buffer_text(&self->text));
    if (result != STORE_OK)
        return result;
    *known = PQntuples(rows);
    for (int i = 0; i < *known; i++) {
        sorted_batch_stream_t *stream = sorted_batch_stream(self->batch, (size_t)postgres_number(rows, i, 0) - 1);
        stream->id = postgres_number(rows, i, 1);
        choose(stream, postgres_cursor(rows, i, 2));
    }
    PQclear(rows);
    return STORE_OK;
}

static store_result_t find_streams(postgres_t *self, char *error)
{
    int known, wanted = 0;
    while (sorted_batch_stream(self->batch, (size_t)wanted))
        wanted++;
    print_topics(self);
    store_result_t result = lock_streams(self, sorted_batch_leave_out, &known, error);
    if (result != STORE_OK || known == wanted)
        return result;
    result = postgres_link_run_with(&self->link, NULL, error,
                                    "INSERT INTO dataflow.stream(topic) SELECT topic FROM unnest($1::text::text[]) topic"
                                    " ORDER BY topic ON CONFLICT DO NOTHING",
                                    buffer_text(&self->text));
    return result == STORE_OK ? lock_streams(self, sorted_batch_leave_out, &known, error) : result;
}

/* "(1,2,3),(4,5,6)": rows of VALUES. */
static void print_row(buffer_t *out, bool first, const int64_t *numbers, size_t count)
{
    buffer_append(out, first ? TEXT("(") : TEXT(",("));
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%s%" PRId64, i == 0 ? "" : ",", numbers[i]);
    buffer_append(out, TEXT(")"));
}

static void print_blocks(postgres_t *self)
{
    const sorted_batch_stream_t *stream;
    sorted_batch_block_t block;
    bool first = true;
    buffer_append(&self->text, TEXT("INSERT INTO dataflow.block AS b VALUES "));
    for (size_t i = 0; (stream = sorted_batch_stream(self->batch, i)); i++)
        for (size_t at = 0; sorted_batch_block(stream, &at, &block); first = false)
            print_row(&self->text, first,
                      (int64_t[]){stream->id, (int64_t)block.epoch, (int64_t)block.number, block.least_ns, block.greatest_ns},
                      5);
    buffer_append(&self->text,
                  TEXT(" ON CONFLICT (stream, epoch, number) DO UPDATE SET least_ns = least(b.least_ns, excluded.least_ns),"
                       " greatest_ns = greatest(b.greatest_ns, excluded.greatest_ns);"));
}

static void print_places(postgres_t *self)
{
    const sorted_batch_stream_t *stream;
    bool first = true;
    buffer_append(&self->text,
                  TEXT("UPDATE dataflow.stream s SET epoch = v.epoch, seq = v.seq, trades = trades + v.count FROM (VALUES "));
    for (size_t i = 0; (stream = sorted_batch_stream(self->batch, i)); i++)
        if (stream->count > 0) {
            print_row(&self->text, first,
                      (int64_t[]){stream->id, (int64_t)stream->end.epoch, (int64_t)stream->end.seq, (int64_t)stream->count}, 4);
            first = false;
        }
    buffer_append(&self->text, TEXT(") v(id, epoch, seq, count) WHERE s.id = v.id;"));
}

static store_result_t finish(postgres_t *self, char *error)
{
    buffer_clear(&self->text);
    print_blocks(self);
    print_places(self);
    buffer_append(&self->text, (text_t){"COMMIT", sizeof "COMMIT"}); /* with its NUL */
    if (!buffer_ok(&self->text))
        return no_memory(error);
    PGresult *done = PQexec(self->link.conn, self->text.bytes);
    store_result_t result = postgres_link_check(&self->link, done, error);
    PQclear(done);
    return result;
}

static size_t count_left(postgres_t *self)
{
    const sorted_batch_stream_t *stream;
    size_t left = 0;
    for (size_t i = 0; (stream = sorted_batch_stream(self->batch, i)); i++)
        left += stream->count;
    return left;
}

/* Leaves out of a stream what is there already: blocks one by one, whose times tell PostgreSQL which partitions to look into. */
static store_result_t leave_out_stored(postgres_t *self, sorted_batch_stream_t *stream, char *error)
{
    sorted_batch_block_t block;
    size_t kept = 0;
    for (size_t begin = 0, at = 0; sorted_batch_block(stream, &at, &block); begin = at) {
        PGresult *rows;
        store_result_t result = postgres_link_run(
            &self->link, &rows, error,
            "SELECT t.seq FROM dataflow.block b JOIN dataflow.trade t ON t.stream = b.stream AND t.epoch = b.epoch"
            " AND t.time_ns BETWEEN b.least_ns AND b.greatest_ns WHERE b.stream = %" PRId64 " AND b.epoch = %" PRIu64
            " AND b.number = %" PRIu64 " AND t.stream = b.stream AND t.seq BETWEEN %" PRIu64 " AND %" PRIu64 " ORDER BY t.seq",
            stream->id, block.epoch, block.number, stream->trades[begin]->cursor.seq, stream->trades[at - 1]->cursor.seq);
        if (result != STORE_OK)
            return result;
        for (int row = 0, count = PQntuples(rows); begin < at; begin++) {
            const store_trade_t *trade = stream->trades[begin];
            while (row < count && (uint64_t)postgres_number(rows, row, 0) < trade->cursor.seq)
                row++;
            if (row == count || (uint64_t)postgres_number(rows, row, 0) != trade->cursor.seq)
                stream->trades[kept++] = trade;
        }
        PQclear(rows);
    }
    stream->count = kept;
    return STORE_OK;
}

/* Of a stream without a row nothing is old. */
static store_result_t find_old(postgres_t *self, char *error)
{
    int known;
    sorted_batch_stream_t *stream;
    for (size_t i = 0; (stream = sorted_batch_stream(self->batch, i)); i++)
        stream->id = 0;
    print_topics(self);
    store_result_t result = lock_streams(self, sorted_batch_keep_old, &known, error);
    for (size_t i = 0; result == STORE_OK && (stream = sorted_batch_stream(self->batch, i)); i++) {
        if (stream->id == 0)
            stream->count = 0;
        result = leave_out_stored(self, stream, error);
    }
    return result;
}

typedef store_result_t find_fn(postgres_t *self, char *error);

static store_result_t write_batch(postgres_t *self, find_fn *find, char *error)
{
    store_result_t result = postgres_link_run(&self->link, NULL, error, "BEGIN");
    if (result == STORE_OK)
        result = find(self, error);
    if (result != STORE_OK)
        return result;
    if (count_left(self) == 0)
        return postgres_link_run(&self->link, NULL, error, "COMMIT");
    result = postgres_copy(self, error);
    return result == STORE_OK ? finish(self, error) : result;
}

static store_result_t put(postgres_t *self, const store_trade_t *trades, size_t count, find_fn *find, char *error)
{
    store_result_t result = postgres_link_ensure(&self->link, error);
    if (result == STORE_OK)
        result = make_days(self, trades, count, error);
    if (result != STORE_OK || count == 0)
        return result;
    if (!sorted_batch_sort(self->batch, trades, count))
        return no_memory(error);
    result = write_batch(self, find, error);
    if (result != STORE_OK)
        postgres_link_close(&self->link); /* ends the transaction */
    return result;
}

static store_result_t postgres_append(void *arg, const store_trade_t *trades, size_t count, char *error)
{
    return put(arg, trades, count, find_streams, error);
}

static store_result_t postgres_fill(void *arg, const store_trade_t *trades, size_t count, uint64_t *filled, char *error)
{
    postgres_t *self = arg;
    store_result_t result = put(self, trades, count, find_old, error);
    *filled = result == STORE_OK && count > 0 ? count_left(self) : 0;
    return result;
}

/* --- skip --- */

static store_result_t postgres_skip(void *arg, text_t topic, cursor_t place, char *error)
{
    postgres_t *self = arg;
    char statement[400];
    if (!batch_keeps(place))
        return STORE_OK;
    snprintf(statement, sizeof statement,
             "INSERT INTO dataflow.stream AS s (topic, epoch, seq) VALUES ($1, %" PRIu64 ", %" PRIu64
             ") ON CONFLICT (topic) DO UPDATE"
             " SET epoch = excluded.epoch, seq = excluded.seq WHERE (s.epoch, s.seq) < (excluded.epoch, excluded.seq)",
             place.epoch, place.seq);
    store_result_t result = postgres_link_ensure(&self->link, error);
    return result == STORE_OK ? postgres_link_run_with(&self->link, NULL, error, statement, topic) : result;
}

/* --- open, close --- */

static void postgres_close(void *arg)
{
    postgres_t *self = arg;
    if (!self)
        return;
    postgres_link_close(&self->link);
    free(self->link.url);
    sorted_batch_destroy(&self->batch);
    buffer_release(&self->text);
    free(self);
}

static store_result_t postgres_open(const char *url, void **self_ref, char *error)
{
    *self_ref = NULL;
    postgres_t *self = calloc(1, sizeof *self);
    store_result_t result = no_memory(error);
    if (self && (self->link.url = strdup(url)) && (self->batch = sorted_batch_new())) {
        self->text = buffer_new(0);
        self->expired_ns = -1;
        result = postgres_link_ensure(&self->link, error);
    }
    if (result != STORE_OK) {
        postgres_close(self);
        return result;
    }
    *self_ref = self;
    return STORE_OK;
}

const store_kind_t store_postgres = {
    .scheme = "postgres",
    .open = postgres_open,
    .close = postgres_close,
    .read = {.load = postgres_load, .range = postgres_range},
    .write =
        {
            .append = postgres_append,
            .fill = postgres_fill,
            .skip = postgres_skip,
            .retain = postgres_retain,
            .expire = postgres_expire,
            .clear = postgres_clear,
        },
};
