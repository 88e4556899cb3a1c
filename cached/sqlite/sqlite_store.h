/* What the parts of the SQLite store share: sqlite.c reads and writes, sqlite_retain.c drops. */
#pragma once

#include "cached/sqlite/sqlite_file.h"
#include "cached/stores/sorted_batch.h"

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

/* A cursor in two columns. */
cursor_t sqlite_column_cursor(sqlite3_stmt *statement, int column);

/* The statement with its ?1, which is not copied. */
sqlite3_stmt *sqlite_with_topic(sqlite_t *self, sql_t which, text_t topic);

/* SQLITE_DONE is well. make: or finds it. */
int sqlite_find_stream(sqlite_t *self, text_t topic, stream_row_t *row);
int sqlite_make_stream(sqlite_t *self, text_t topic, stream_row_t *row);

/* SQLITE_DONE commits; what else there is rolls back. */
typedef int sqlite_transaction_fn(sqlite_t *self, void *arg);
store_result_t sqlite_in_transaction(sqlite_t *self, sqlite_transaction_fn *run, void *arg, char *error);
