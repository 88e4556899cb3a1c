#include "cached/sqlite/sqlite_clear.h"

#include "cached/stores/sorted_batch.h"

/* Who waits for the file looks every 100 ms at last, for 2 s: a pause that is as long as about half a step is met in time. */
enum { PAUSE_MS = 10 };

int sqlite_clear_begin(sqlite_file_t *file, int64_t id, text_t topic, cursor_t place)
{
    sqlite3_stmt *make = file->statements[SQL_STREAM_MAKE];
    int code = SQLITE_RUN(file, SQL_CLEARED, id);
    if (code != SQLITE_DONE)
        return code;
    sqlite3_bind_text(make, 1, topic.at, (int)topic.length, SQLITE_STATIC);
    code = sqlite3_step(make);
    sqlite3_reset(make);
    int64_t fresh = sqlite3_last_insert_rowid(file->db);
    return code == SQLITE_DONE ? SQLITE_RUN(file, SQL_PLACE, fresh, (int64_t)place.epoch, (int64_t)place.seq) : code;
}

/* The id of a stream that is out of sight; 0 when there is none. */
static int find_cleared(sqlite_file_t *file, int64_t *id)
{
    sqlite3_stmt *find = file->statements[SQL_FIND_CLEARED];
    int code = sqlite3_step(find);
    *id = code == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

/* The oldest of its trades; with the last of them, the stream. */
static int drop_some(sqlite_file_t *file, int64_t id)
{
    sqlite3_stmt *nth = file->statements[SQL_NTH];
    sqlite3_bind_int64(nth, 1, id);
    sqlite3_bind_int64(nth, 2, SQLITE_DROP_STEP);
    int code = sqlite3_step(nth);
    bool more = code == SQLITE_ROW;
    int64_t epoch = more ? sqlite3_column_int64(nth, 0) : INT64_MAX, seq = more ? sqlite3_column_int64(nth, 1) : INT64_MAX;
    sqlite3_reset(nth);
    if (more || code == SQLITE_DONE)
        code = SQLITE_RUN(file, SQL_DROP_BELOW, id, epoch, seq);
    if (code == SQLITE_DONE)
        code = SQLITE_RUN(file, SQL_BLOCKS_BELOW, id, epoch, seq / SORTED_BATCH_BLOCK);
    return code == SQLITE_DONE && !more ? SQLITE_RUN(file, SQL_STREAM_DROP, id) : code;
}

/* *left: whether there may be more. */
static store_result_t step(sqlite_file_t *file, bool *left, char *error)
{
    int64_t id = 0;
    int code = sqlite_file_run(file, SQL_BEGIN, 0, NULL);
    if (code == SQLITE_DONE)
        code = find_cleared(file, &id);
    if (code == SQLITE_DONE && id != 0)
        code = drop_some(file, id);
    if (code == SQLITE_DONE)
        code = sqlite_file_run(file, SQL_COMMIT, 0, NULL);
    store_result_t result = sqlite_file_result(file, code, error);
    if (!sqlite3_get_autocommit(file->db))
        sqlite_file_run(file, SQL_ROLLBACK, 0, NULL);
    *left = result == STORE_OK && id != 0;
    return result;
}

store_result_t sqlite_clear_rest(sqlite_file_t *file, char *error)
{
    int64_t id = 0;
    store_result_t result = sqlite_file_result(file, find_cleared(file, &id), error);
    for (bool left = result == STORE_OK && id != 0; left;) {
        result = step(file, &left, error);
        if (left)
            sqlite3_sleep(PAUSE_MS);
    }
    return result;
}
