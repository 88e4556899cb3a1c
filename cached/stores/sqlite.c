/* Trades in one SQLite file: the default. Every call is one transaction, but for what clear drops from the file. */
#include <stdio.h>
#include <stdlib.h>

#include "cached/stores/kinds.h"
#include "cached/stores/sorted_batch.h"
#include "cached/stores/sqlite_clear.h"
#include "cached/stores/store_url.h"

typedef struct {
    sqlite_file_t file;
    sorted_batch_t *batch;
} sqlite_t;

/* A stream's row; id 0 for none. */
typedef struct {
    int64_t id;
    cursor_t place;
    uint64_t trades;
} stream_row_t;

static cursor_t column_cursor(sqlite3_stmt *statement, int column)
{
    return (cursor_t){(uint64_t)sqlite3_column_int64(statement, column), (uint64_t)sqlite3_column_int64(statement, column + 1)};
}

/* Valid until the statement moves on. */
static text_t column_text(sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    return (text_t){bytes ? bytes : "", (size_t)sqlite3_column_bytes(statement, column)};
}

static sqlite3_stmt *with_text(sqlite_t *self, sql_t which, int column, text_t text)
{
    sqlite3_stmt *statement = self->file.statements[which];
    sqlite3_bind_text(statement, column, text.at, (int)text.length, SQLITE_STATIC);
    return statement;
}

static int find_stream(sqlite_t *self, text_t topic, stream_row_t *row)
{
    sqlite3_stmt *statement = with_text(self, SQL_STREAM, 1, topic);
    *row = (stream_row_t){0};
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *row = (stream_row_t){sqlite3_column_int64(statement, 0), column_cursor(statement, 1),
                              (uint64_t)sqlite3_column_int64(statement, 3)};
    sqlite3_reset(statement);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

static int make_stream(sqlite_t *self, text_t topic, stream_row_t *row)
{
    int code = find_stream(self, topic, row);
    if (code != SQLITE_DONE || row->id != 0)
        return code;
    sqlite3_stmt *statement = with_text(self, SQL_STREAM_MAKE, 1, topic);
    code = sqlite3_step(statement);
    sqlite3_reset(statement);
    row->id = sqlite3_last_insert_rowid(self->file.db);
    return code;
}

/* --- transactions --- */

typedef int transaction_fn(sqlite_t *self, void *arg);

static store_result_t in_transaction(sqlite_t *self, transaction_fn *run, void *arg, char *error)
{
    int code = sqlite_file_run(&self->file, SQL_BEGIN, 0, NULL);
    if (code == SQLITE_DONE)
        code = run(self, arg);
    if (code == SQLITE_DONE)
        code = sqlite_file_run(&self->file, SQL_COMMIT, 0, NULL);
    store_result_t result = sqlite_file_result(&self->file, code, error);
    if (!sqlite3_get_autocommit(self->file.db))
        sqlite_file_run(&self->file, SQL_ROLLBACK, 0, NULL);
    return result;
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
    int code = make_stream(self, stream->topic, &row);
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
    return in_transaction(self, append_streams, NULL, error);
}

static int fill_streams(sqlite_t *self, void *filled)
{
    int code = SQLITE_DONE;
    sorted_batch_stream_t *stream;
    stream_row_t row;
    for (size_t i = 0; code == SQLITE_DONE && (stream = sorted_batch_stream(self->batch, i)); i++) {
        if ((code = find_stream(self, stream->topic, &row)) != SQLITE_DONE)
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
    store_result_t result = in_transaction(self, fill_streams, &inserted, error);
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
    int code = make_stream(self, skip->topic, &row);
    return code == SQLITE_DONE
               ? SQLITE_RUN(&self->file, SQL_PLACE, row.id, (int64_t)skip->place.epoch, (int64_t)skip->place.seq)
               : code;
}

static store_result_t sqlite_skip(void *arg, text_t topic, cursor_t place, char *error)
{
    return batch_keeps(place) ? in_transaction(arg, skip_to, &(sqlite_skip_t){topic, place}, error) : STORE_OK;
}

/* --- load, range --- */

static store_result_t sqlite_load(void *arg, store_stream_fn *each, void *each_arg, char *error)
{
    sqlite_t *self = arg;
    sqlite3_stmt *statement = self->file.statements[SQL_LOAD];
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        store_stream_t stream = {column_text(statement, 0), column_cursor(statement, 1),
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
    sqlite3_stmt *statement = with_text(
        self, oldest ? (timed ? SQL_OLDEST_TIMED : SQL_OLDEST) : (timed ? SQL_NEWEST_TIMED : SQL_NEWEST), 1, query->topic);
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
        store_trade_t trade = {query->topic, column_cursor(statement, 0), sqlite3_column_int64(statement, 2),
                               column_text(statement, 3)};
        if (!each(each_arg, &trade))
            break;
    }
    store_result_t result = sqlite_file_result(&self->file, code, error);
    sqlite3_reset(statement);
    return result;
}

/* --- retain, clear --- */

typedef struct {
    text_t topic;
    uint64_t keep;
    int64_t before_ns;
    uint64_t dropped;
    stream_row_t row;
} sqlite_retain_t;

static int drop_below(sqlite_t *self, sqlite_retain_t *retain, cursor_t cut)
{
    int64_t epoch = (int64_t)cut.epoch, seq = (int64_t)cut.seq;
    int code = SQLITE_RUN(&self->file, SQL_DROP_BELOW, retain->row.id, epoch, seq);
    retain->dropped += (uint64_t)sqlite3_changes(self->file.db);
    return code == SQLITE_DONE ? SQLITE_RUN(&self->file, SQL_BLOCKS_BELOW, retain->row.id, epoch, seq / SORTED_BATCH_BLOCK)
                               : code;
}

static int drop_by_count(sqlite_t *self, sqlite_retain_t *retain)
{
    if (retain->row.trades <= retain->keep)
        return SQLITE_DONE;
    uint64_t drop = retain->row.trades - retain->keep;
    sqlite3_stmt *nth = self->file.statements[SQL_NTH];
    sqlite3_bind_int64(nth, 1, retain->row.id);
    sqlite3_bind_int64(nth, 2, (int64_t)(drop < SQLITE_DROP_STEP ? drop : SQLITE_DROP_STEP));
    int code = sqlite3_step(nth);
    cursor_t cut = code == SQLITE_ROW ? column_cursor(nth, 0) : (cursor_t){INT64_MAX, INT64_MAX};
    sqlite3_reset(nth);
    return code == SQLITE_ROW || code == SQLITE_DONE ? drop_below(self, retain, cut) : code;
}

/* What is too old of one block; then nothing in it is known to be older than `before`. */
static int drop_from_block(sqlite_t *self, sqlite_retain_t *retain, cursor_t block, int64_t greatest_ns)
{
    int64_t epoch = (int64_t)block.epoch, number = (int64_t)block.seq, id = retain->row.id;
    int code = SQLITE_RUN(&self->file, SQL_DROP_OLD, id, epoch, number * SORTED_BATCH_BLOCK,
                          number * SORTED_BATCH_BLOCK + SORTED_BATCH_BLOCK - 1, retain->before_ns);
    retain->dropped += (uint64_t)sqlite3_changes(self->file.db);
    if (code != SQLITE_DONE)
        return code;
    return greatest_ns < retain->before_ns ? SQLITE_RUN(&self->file, SQL_BLOCK_DROP, id, epoch, number)
                                           : SQLITE_RUN(&self->file, SQL_BLOCK_LEAST, id, epoch, number, retain->before_ns);
}

static int drop_by_age(sqlite_t *self, sqlite_retain_t *retain)
{
    sqlite3_stmt *old = self->file.statements[SQL_OLD_BLOCK];
    int code = SQLITE_DONE;
    while (code == SQLITE_DONE && retain->dropped < SQLITE_DROP_STEP) {
        sqlite3_bind_int64(old, 1, retain->row.id);
        sqlite3_bind_int64(old, 2, retain->before_ns);
        code = sqlite3_step(old);
        cursor_t block = column_cursor(old, 0);
        int64_t greatest_ns = sqlite3_column_int64(old, 2);
        sqlite3_reset(old);
        if (code != SQLITE_ROW)
            break;
        code = drop_from_block(self, retain, block, greatest_ns);
    }
    return code;
}

static int retain_some(sqlite_t *self, void *arg)
{
    sqlite_retain_t *retain = arg;
    int code = find_stream(self, retain->topic, &retain->row);
    if (code != SQLITE_DONE || retain->row.id == 0)
        return code;
    code = drop_by_count(self, retain);
    if (code == SQLITE_DONE)
        code = drop_by_age(self, retain);
    return code == SQLITE_DONE ? SQLITE_RUN(&self->file, SQL_ADD, retain->row.id, -(int64_t)retain->dropped) : code;
}

static store_result_t sqlite_retain(void *arg, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error)
{
    sqlite_retain_t retain = {.topic = topic, .keep = keep, .before_ns = before_ns};
    store_result_t result = in_transaction(arg, retain_some, &retain, error);
    *dropped = result == STORE_OK ? retain.dropped : 0;
    return result;
}

typedef struct {
    text_t topic;
    stream_row_t row;
} sqlite_clear_t;

static int clear_stream(sqlite_t *self, void *arg)
{
    sqlite_clear_t *clear = arg;
    int code = find_stream(self, clear->topic, &clear->row);
    return code == SQLITE_DONE && clear->row.id != 0
               ? sqlite_clear_begin(&self->file, clear->row.id, clear->topic, clear->row.place)
               : code;
}

/* Once the stream is out of sight it is forgotten: only its rows may wait for a file that others hold. */
static store_result_t sqlite_clear(void *arg, text_t topic, uint64_t *cleared, char *error)
{
    sqlite_t *self = arg;
    sqlite_clear_t clear = {.topic = topic};
    store_result_t result = in_transaction(self, clear_stream, &clear, error);
    *cleared = result == STORE_OK ? clear.row.trades : 0;
    if (result == STORE_OK && sqlite_clear_rest(&self->file, error) == STORE_REFUSED)
        result = STORE_REFUSED;
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
    snprintf(error, STORE_ERROR_MAX, "sqlite: out of memory");
    if (self && (self->batch = sorted_batch_new()))
        result = sqlite_file_open(&self->file, parsed.path, error);
    if (result == STORE_OK && sqlite_clear_rest(&self->file, error) == STORE_REFUSED)
        result = STORE_REFUSED;
    if (result != STORE_OK) {
        sqlite_close(self);
        return result;
    }
    *self_ref = self;
    return STORE_OK;
}

const store_kind_t store_sqlite = {.scheme = "sqlite",
                                   .open = sqlite_open,
                                   .append = sqlite_append,
                                   .fill = sqlite_fill,
                                   .skip = sqlite_skip,
                                   .load = sqlite_load,
                                   .range = sqlite_range,
                                   .retain = sqlite_retain,
                                   .clear = sqlite_clear,
                                   .close = sqlite_close};
