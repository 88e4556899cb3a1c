#include "cached/sqlite/sqlite_retain.h"

/* DROP_STEP: trades that one transaction drops, about: a few ms, so that appends don't wait for long. Who waits for the file
 * looks every 100 ms at last, for 2 s: a pause that is as long as about half a step is met in time. */
enum { DROP_STEP = 20000, PAUSE_MS = 10 };

/* So many of the oldest trades of a stream, or a step's. *all: it had no more. */
static int drop_oldest(sqlite_t *self, int64_t id, uint64_t count, uint64_t *dropped, bool *all)
{
    sqlite3_stmt *nth = self->file.statements[SQL_NTH];
    sqlite3_bind_int64(nth, 1, id);
    sqlite3_bind_int64(nth, 2, (int64_t)(count < DROP_STEP ? count : DROP_STEP));
    int code = sqlite3_step(nth);
    cursor_t cut = code == SQLITE_ROW ? sqlite_column_cursor(nth, 0) : (cursor_t){INT64_MAX, INT64_MAX};
    sqlite3_reset(nth);
    *all = code == SQLITE_DONE;
    if (code != SQLITE_ROW && !*all)
        return code;
    code = SQLITE_RUN(&self->file, SQL_DROP_BELOW, id, (int64_t)cut.epoch, (int64_t)cut.seq);
    *dropped += (uint64_t)sqlite3_changes(self->file.db);
    return code == SQLITE_DONE
               ? SQLITE_RUN(&self->file, SQL_BLOCKS_BELOW, id, (int64_t)cut.epoch, (int64_t)cut.seq / SORTED_BATCH_BLOCK)
               : code;
}

/* --- retain --- */

typedef struct {
    text_t topic;
    uint64_t keep;
    int64_t before_ns;
    uint64_t dropped;
    stream_row_t row;
} sqlite_retain_t;

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
    while (code == SQLITE_DONE && retain->dropped < DROP_STEP) {
        sqlite3_bind_int64(old, 1, retain->row.id);
        sqlite3_bind_int64(old, 2, retain->before_ns);
        code = sqlite3_step(old);
        cursor_t block = sqlite_column_cursor(old, 0);
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
    bool all;
    int code = sqlite_find_stream(self, retain->topic, &retain->row);
    if (code != SQLITE_DONE || retain->row.id == 0)
        return code;
    if (retain->row.trades > retain->keep)
        code = drop_oldest(self, retain->row.id, retain->row.trades - retain->keep, &retain->dropped, &all);
    if (code == SQLITE_DONE)
        code = drop_by_age(self, retain);
    return code == SQLITE_DONE ? SQLITE_RUN(&self->file, SQL_ADD, retain->row.id, -(int64_t)retain->dropped) : code;
}

store_result_t sqlite_retain(void *arg, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error)
{
    sqlite_retain_t retain = {.topic = topic, .keep = keep, .before_ns = before_ns};
    store_result_t result = sqlite_in_transaction(arg, retain_some, &retain, error);
    *dropped = result == STORE_OK ? retain.dropped : 0;
    return result;
}

/* --- clear --- */

/* The id of a stream that is out of sight; 0 when there is none. */
static int find_cleared(sqlite_t *self, int64_t *id)
{
    sqlite3_stmt *find = self->file.statements[SQL_FIND_CLEARED];
    int code = sqlite3_step(find);
    *id = code == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

/* The oldest of its trades; with the last of them, the stream. *left: whether there was any. */
static int drop_some_cleared(sqlite_t *self, void *left)
{
    int64_t id;
    uint64_t dropped = 0;
    bool all;
    int code = find_cleared(self, &id);
    *(bool *)left = id != 0;
    if (code != SQLITE_DONE || id == 0)
        return code;
    code = drop_oldest(self, id, DROP_STEP, &dropped, &all);
    return code == SQLITE_DONE && all ? SQLITE_RUN(&self->file, SQL_STREAM_DROP, id) : code;
}

store_result_t sqlite_drop_cleared(sqlite_t *self, char *error)
{
    int64_t id;
    store_result_t result = sqlite_file_result(&self->file, find_cleared(self, &id), error);
    for (bool left = id != 0; result == STORE_OK && left;) {
        result = sqlite_in_transaction(self, drop_some_cleared, &left, error);
        if (result == STORE_OK && left)
            sqlite3_sleep(PAUSE_MS);
    }
    return result;
}

typedef struct {
    text_t topic;
    uint64_t cleared;
} sqlite_clear_t;

/* Another stream, with the same topic and place but without trades, takes its place. What the old one had is out of sight, and
 * stays so however the process ends. */
static int clear_stream(sqlite_t *self, void *arg)
{
    sqlite_clear_t *clear = arg;
    stream_row_t row, fresh;
    int code = sqlite_find_stream(self, clear->topic, &row);
    if (code != SQLITE_DONE || row.id == 0)
        return code;
    clear->cleared = row.trades;
    if ((code = SQLITE_RUN(&self->file, SQL_CLEARED, row.id)) == SQLITE_DONE)
        code = sqlite_make_stream(self, clear->topic, &fresh);
    return code == SQLITE_DONE ? SQLITE_RUN(&self->file, SQL_PLACE, fresh.id, (int64_t)row.place.epoch, (int64_t)row.place.seq)
                               : code;
}

/* Once the stream is out of sight it is forgotten: only its rows may wait for a file that others hold. */
store_result_t sqlite_clear(void *arg, text_t topic, uint64_t *cleared, char *error)
{
    sqlite_t *self = arg;
    sqlite_clear_t clear = {.topic = topic};
    store_result_t result = sqlite_in_transaction(self, clear_stream, &clear, error);
    *cleared = result == STORE_OK ? clear.cleared : 0;
    if (result == STORE_OK && sqlite_drop_cleared(self, error) == STORE_REFUSED)
        result = STORE_REFUSED;
    return result;
}
