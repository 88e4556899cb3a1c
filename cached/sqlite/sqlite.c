/* Trades in one SQLite file: the default. Every call is one transaction, but for what clear drops from the file. */
#include <stdio.h>
#include <stdlib.h>

#include "cached/sqlite/sqlite_retain.h"
#include "cached/stores/store_url.h"

/* Valid until the statement moves on. */
static text_t column_text(sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    return (text_t){bytes ? bytes : "", (size_t)sqlite3_column_bytes(statement, column)};
}

/* --- append, fill, skip --- */

/* *inserted: grows by how many there were. */
static int insert_trades(sqlite_t *self, sql_t which, const sorted_batch_stream_t *stream, int64_t id, int64_t *inserted)
{
    sqlite3_stmt *insert = self->file.statements[which];
    int code = SQLITE_DONE;
    sqlite3_bind_int64(insert, 1, id);
    for (size_t i = 0; code == SQLITE_DONE && i < stream->count; i++) {
        const store_trade_t *trade = stream->trades[i];
        sqlite3_bind_int64(insert, 2, (int64_t)trade->cursor.epoch);
        sqlite3_bind_int64(insert, 3, (int64_t)trade->cursor.seq);
        sqlite3_bind_int64(insert, 4, trade->timestamp_ns);
        sqlite3_bind_text(insert, 5, trade->json.at, (int)trade->json.length, SQLITE_STATIC);
        code = sqlite3_step(insert);
        *inserted += sqlite3_changes(self->file.db);
        sqlite3_reset(insert);
    }
    return code;
}

/* Trades, the blocks that they are in, and their number. */
static int put_trades(sqlite_t *self, sql_t which, const sorted_batch_stream_t *stream, int64_t id, int64_t *inserted)
{
    int64_t count = 0;
    sorted_batch_block_t block;
    int code = insert_trades(self, which, stream, id, &count);
    for (size_t at = 0; code == SQLITE_DONE && sorted_batch_block(stream, &at, &block);)
        code = SQLITE_RUN(&self->file, SQL_BLOCK, id, (int64_t)block.epoch, (int64_t)block.number, block.least_ns,
                          block.greatest_ns);
    *inserted += count;
    return code == SQLITE_DONE ? SQLITE_RUN(&self->file, SQL_ADD, id, count) : code;
}

static int append_stream(sqlite_t *self, sorted_batch_stream_t *stream)
{
    stream_row_t row;
    int code = sqlite_make_stream(self, stream->topic, &row);
    if (code != SQLITE_DONE)
        return code;
    sorted_batch_leave_out(stream, row.place);
    if (stream->count == 0)
        return code;
    int64_t inserted = 0;
    code = put_trades(self, SQL_INSERT, stream, row.id, &inserted);
    if (code == SQLITE_DONE)
        code = SQLITE_RUN(&self->file, SQL_PLACE, row.id, (int64_t)stream->end.epoch, (int64_t)stream->end.seq);
    return code;
}

static int append_streams(sqlite_t *self, void *arg)
{
    (void)arg;
    int code = SQLITE_DONE;
    sorted_batch_stream_t *stream;
    for (size_t i = 0; code == SQLITE_DONE && (stream = sorted_batch_stream(self->batch, i)); i++)
        code = append_stream(self, stream);
    return code;
}

static store_result_t sqlite_append(void *arg, const store_trade_t *trades, size_t count, char *error)
{
    sqlite_t *self = arg;
    if (!sorted_batch_sort(self->batch, trades, count))
        return sqlite_file_result(&self->file, SQLITE_NOMEM, error);
    return sqlite_in_transaction(self, append_streams, NULL, error);
}

static int fill_streams(sqlite_t *self, void *filled)
{
    int code = SQLITE_DONE;
    sorted_batch_stream_t *stream;
    stream_row_t row;
    for (size_t i = 0; code == SQLITE_DONE && (stream = sorted_batch_stream(self->batch, i)); i++) {
        if ((code = sqlite_find_stream(self, stream->topic, &row)) != SQLITE_DONE)
            break;
        sorted_batch_keep_old(stream, row.place);
        if (stream->count > 0)
            code = put_trades(self, SQL_FILL, stream, row.id, filled);
    }
    return code;
}

static store_result_t sqlite_fill(void *arg, const store_trade_t *trades, size_t count, uint64_t *filled, char *error)
{
    sqlite_t *self = arg;
    int64_t inserted = 0;
    *filled = 0;
    if (!sorted_batch_sort(self->batch, trades, count))
        return sqlite_file_result(&self->file, SQLITE_NOMEM, error);
    store_result_t result = sqlite_in_transaction(self, fill_streams, &inserted, error);
    if (result == STORE_OK)
        *filled = (uint64_t)inserted;
    return result;
}

typedef struct {
    text_t topic;
    cursor_t place;
} sqlite_skip_t;

static int skip_to(sqlite_t *self, void *arg)
{
    const sqlite_skip_t *skip = arg;
    stream_row_t row;
    int code = sqlite_make_stream(self, skip->topic, &row);
    return code == SQLITE_DONE
               ? SQLITE_RUN(&self->file, SQL_PLACE, row.id, (int64_t)skip->place.epoch, (int64_t)skip->place.seq)
               : code;
}

static store_result_t sqlite_skip(void *arg, text_t topic, cursor_t place, char *error)
{
    return batch_keeps(place) ? sqlite_in_transaction(arg, skip_to, &(sqlite_skip_t){topic, place}, error) : STORE_OK;
}

/* --- load, range --- */

static store_result_t sqlite_load(void *arg, store_stream_fn *each, void *each_arg, char *error)
{
    sqlite_t *self = arg;
    sqlite3_stmt *statement = self->file.statements[SQL_LOAD];
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        store_stream_t stream = {column_text(statement, 0), sqlite_column_cursor(statement, 1),
                                 (uint64_t)sqlite3_column_int64(statement, 3)};
        if (!each(each_arg, &stream))
            break;
    }
    store_result_t result = sqlite_file_result(&self->file, code, error);
    sqlite3_reset(statement);
    return result;
}

static sqlite3_stmt *bind_range(sqlite_t *self, const store_query_t *query)
{
    bool timed = query->after_ns != INT64_MIN || query->before_ns != INT64_MAX;
    bool oldest = query->order == STORE_OLDEST_FIRST;
    sqlite3_stmt *statement = sqlite_with_topic(
        self, oldest ? (timed ? SQL_OLDEST_TIMED : SQL_OLDEST) : (timed ? SQL_NEWEST_TIMED : SQL_NEWEST), query->topic);
    const uint64_t bounds[] = {query->from.epoch, query->from.seq, query->to.epoch, query->to.seq, query->limit};
    for (int i = 0; i < 5; i++)
        sqlite3_bind_int64(statement, i + 2, batch_bound(bounds[i]));
    if (timed) {
        sqlite3_bind_int64(statement, 7, query->after_ns);
        sqlite3_bind_int64(statement, 8, query->before_ns);
        sqlite3_bind_int64(statement, 9, batch_bound(query->from.seq) / SORTED_BATCH_BLOCK);
        sqlite3_bind_int64(statement, 10, batch_bound(query->to.seq) / SORTED_BATCH_BLOCK);
    }
    return statement;
}

static store_result_t sqlite_range(void *arg, const store_query_t *query, store_trade_fn *each, void *each_arg, char *error)
{
    sqlite_t *self = arg;
    sqlite3_stmt *statement = bind_range(self, query);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        store_trade_t trade = {query->topic, sqlite_column_cursor(statement, 0), sqlite3_column_int64(statement, 2),
                               column_text(statement, 3)};
        if (!each(each_arg, &trade))
            break;
    }
    store_result_t result = sqlite_file_result(&self->file, code, error);
    sqlite3_reset(statement);
    return result;
}

/* --- open, close --- */

static void sqlite_close(void *arg)
{
    sqlite_t *self = arg;
    if (!self)
        return;
    sqlite_file_close(&self->file);
    sorted_batch_destroy(&self->batch);
    free(self);
}

static store_result_t sqlite_open(const char *url, void **self_ref, char *error)
{
    *self_ref = NULL;
    store_url_t parsed;
    const char *wrong = store_url_parse_path(&parsed, url);
    if (wrong) {
        snprintf(error, STORE_ERROR_MAX, "sqlite: %s", wrong);
        return STORE_REFUSED;
    }
    sqlite_t *self = calloc(1, sizeof *self);
    store_result_t result = STORE_AWAY;
    snprintf(error, STORE_ERROR_MAX, "sqlite: no memory left");
    if (self && (self->batch = sorted_batch_new()))
        result = sqlite_file_open(&self->file, parsed.path, error);
    if (result == STORE_OK && sqlite_drop_cleared(self, error) == STORE_REFUSED)
        result = STORE_REFUSED;
    if (result != STORE_OK) {
        sqlite_close(self);
        return result;
    }
    *self_ref = self;
    return STORE_OK;
}

const store_kind_t store_sqlite = {
    .scheme = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .read = {.load = sqlite_load, .range = sqlite_range},
    .write =
        {
            .append = sqlite_append,
            .fill = sqlite_fill,
            .skip = sqlite_skip,
            .retain = sqlite_retain,
            .expire = store_expires_nothing,
            .clear = sqlite_clear,
        },
};
