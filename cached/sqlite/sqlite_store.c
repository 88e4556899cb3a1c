#include "cached/sqlite/sqlite_store.h"

cursor_t sqlite_column_cursor(sqlite3_stmt *statement, int column)
{
    return (cursor_t){(uint64_t)sqlite3_column_int64(statement, column), (uint64_t)sqlite3_column_int64(statement, column + 1)};
}

sqlite3_stmt *sqlite_with_topic(sqlite_t *self, sql_t which, text_t topic)
{
    sqlite3_stmt *statement = self->file.statements[which];
    sqlite3_bind_text(statement, 1, topic.at, (int)topic.length, SQLITE_STATIC);
    return statement;
}

int sqlite_find_stream(sqlite_t *self, text_t topic, stream_row_t *row)
{
    sqlite3_stmt *statement = sqlite_with_topic(self, SQL_STREAM, topic);
    *row = (stream_row_t){0};
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *row = (stream_row_t){sqlite3_column_int64(statement, 0), sqlite_column_cursor(statement, 1),
                              (uint64_t)sqlite3_column_int64(statement, 3)};
    sqlite3_reset(statement);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

int sqlite_make_stream(sqlite_t *self, text_t topic, stream_row_t *row)
{
    int code = sqlite_find_stream(self, topic, row);
    if (code != SQLITE_DONE || row->id != 0)
        return code;
    sqlite3_stmt *statement = sqlite_with_topic(self, SQL_STREAM_MAKE, topic);
    code = sqlite3_step(statement);
    sqlite3_reset(statement);
    row->id = sqlite3_last_insert_rowid(self->file.db);
    return code;
}

store_result_t sqlite_in_transaction(sqlite_t *self, sqlite_transaction_fn *run, void *arg, char *error)
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
