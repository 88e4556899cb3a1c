#include "cached/sqlite/sqlite_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cached/stores/sorted_batch.h"
#include "common/folders.h"

/* BUSY_MS: how long a call waits for another handle's transaction. WAL pages between checkpoints: 16 MiB. */
enum { APPLICATION = 0x44466c77 /* "DFlw" */, VERSION = 1, BUSY_MS = 2000 };

/* NORMAL: a commit survives kill -9; the last ones may not survive a power failure, and come again from the journal then, since places
 * are in the same transactions. */
static const char connection_setup[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4096;"
                                       "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16384;";

/* migrations[n] leads from version n to n + 1. proto/stores.md describes the tables. */
static const char *const migrations[VERSION] = {
    "CREATE TABLE stream(id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " trades INTEGER NOT NULL);"
    "CREATE TABLE trade(stream INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, timestamp_ns INTEGER NOT NULL,"
    " json TEXT NOT NULL, PRIMARY KEY(stream, epoch, seq)) WITHOUT ROWID;"
    "CREATE TABLE block(stream INTEGER NOT NULL, epoch INTEGER NOT NULL, number INTEGER NOT NULL, least_ns INTEGER NOT NULL,"
    " greatest_ns INTEGER NOT NULL, PRIMARY KEY(stream, epoch, number)) WITHOUT ROWID;"
    /* Prices and quantities as numbers are for looking only: json has them exactly. */
    "CREATE VIEW trades AS SELECT stream.topic, trade.epoch, trade.seq, json_extract(json, '$.timestamp') AS timestamp,"
    " json_extract(json, '$.symbol') AS symbol, json_extract(json, '$.side') AS side, json_extract(json, '$.qty') AS qty,"
    " json_extract(json, '$.price') AS price, json_extract(json, '$.tradeId') AS trade_id, json_extract(json, '$.source') AS "
    "source,"
    " json FROM trade JOIN stream ON stream.id = trade.stream;"};

#define RANGE_TRADES                                                                                                           \
    "SELECT epoch, seq, timestamp_ns, json FROM trade WHERE stream = (SELECT id FROM stream WHERE topic = ?1)"                 \
    " AND (epoch, seq) >= (?2, ?3) AND (epoch, seq) <= (?4, ?5)"
/* CROSS JOIN: blocks outside, so that only those are read that may have the time; the order is the key's of both. The '+' keeps the
 * planner from reading the whole epoch by the bounds of its blocks. test_sqlite.c holds it to that. */
#define RANGE_TIMED                                                                                                            \
    "SELECT t.epoch, t.seq, t.timestamp_ns, t.json FROM block b CROSS JOIN trade t"                                            \
    " WHERE b.stream = (SELECT id FROM stream WHERE topic = ?1) AND (b.epoch, b.number) >= (?2, ?9)"                           \
    " AND (b.epoch, b.number) <= (?4, ?10) AND b.greatest_ns > ?7 AND b.least_ns < ?8"                                         \
    " AND t.stream = +b.stream AND t.epoch = +b.epoch AND t.seq >= b.number * 1024 AND t.seq <= b.number * 1024 + 1023"        \
    " AND NOT (t.epoch = ?2 AND t.seq < ?3) AND NOT (t.epoch = ?4 AND t.seq > ?5) AND t.timestamp_ns > ?7 AND t.timestamp_ns " \
    "< ?8"

_Static_assert(SORTED_BATCH_BLOCK == 1024, "as the queries have it");

static const char *const sql[SQL_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_STREAM] = "SELECT id, epoch, seq, trades FROM stream WHERE topic = ?1",
    [SQL_STREAM_MAKE] = "INSERT INTO stream(topic, epoch, seq, trades) VALUES(?1, 0, 0, 0)",
    /* No topic begins so, and a stream without a place is not loaded. */
    [SQL_CLEARED] = "UPDATE stream SET topic = 'cleared.' || id, epoch = 0, seq = 0, trades = 0 WHERE id = ?1",
    [SQL_FIND_CLEARED] = "SELECT id FROM stream WHERE topic >= 'cleared.' AND topic < 'cleared/' LIMIT 1",
    [SQL_STREAM_DROP] = "DELETE FROM stream WHERE id = ?1",
    [SQL_PLACE] = "UPDATE stream SET epoch = ?2, seq = ?3 WHERE id = ?1 AND (epoch, seq) < (?2, ?3)",
    [SQL_ADD] = "UPDATE stream SET trades = trades + ?2 WHERE id = ?1",
    [SQL_INSERT] = "INSERT INTO trade(stream, epoch, seq, timestamp_ns, json) VALUES(?1, ?2, ?3, ?4, ?5)",
    [SQL_FILL] = "INSERT INTO trade(stream, epoch, seq, timestamp_ns, json) VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    [SQL_BLOCK] =
        ("INSERT INTO block(stream, epoch, number, least_ns, greatest_ns) VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE"
         " SET least_ns = min(least_ns, ?4), greatest_ns = max(greatest_ns, ?5)"),
    [SQL_LOAD] = "SELECT topic, epoch, seq, trades FROM stream WHERE (epoch, seq) > (0, 0)",
    [SQL_OLDEST] = (RANGE_TRADES " ORDER BY epoch, seq LIMIT ?6"),
    [SQL_NEWEST] = (RANGE_TRADES " ORDER BY epoch DESC, seq DESC LIMIT ?6"),
    [SQL_OLDEST_TIMED] = (RANGE_TIMED " ORDER BY b.epoch, b.number, t.seq LIMIT ?6"),
    [SQL_NEWEST_TIMED] = (RANGE_TIMED " ORDER BY b.epoch DESC, b.number DESC, t.seq DESC LIMIT ?6"),
    [SQL_NTH] = "SELECT epoch, seq FROM trade WHERE stream = ?1 ORDER BY epoch, seq LIMIT 1 OFFSET ?2",
    [SQL_DROP_BELOW] = "DELETE FROM trade WHERE stream = ?1 AND (epoch, seq) < (?2, ?3)",
    [SQL_BLOCKS_BELOW] = "DELETE FROM block WHERE stream = ?1 AND (epoch, number) < (?2, ?3)",
    [SQL_OLD_BLOCK] =
        "SELECT epoch, number, greatest_ns FROM block WHERE stream = ?1 AND least_ns < ?2 ORDER BY epoch, number LIMIT 1",
    [SQL_DROP_OLD] = "DELETE FROM trade WHERE stream = ?1 AND epoch = ?2 AND seq BETWEEN ?3 AND ?4 AND timestamp_ns < ?5",
    [SQL_BLOCK_LEAST] = "UPDATE block SET least_ns = ?4 WHERE stream = ?1 AND epoch = ?2 AND number = ?3",
    [SQL_BLOCK_DROP] = "DELETE FROM block WHERE stream = ?1 AND epoch = ?2 AND number = ?3",
};

static store_result_t refuse(const sqlite_file_t *self, char *error, const char *what)
{
    snprintf(error, STORE_ERROR_MAX, "sqlite: %s: %s", self->path, what);
    return STORE_REFUSED;
}

store_result_t sqlite_file_result(const sqlite_file_t *self, int code, char *error)
{
    int primary = code & 0xff;
    if (primary == SQLITE_OK || primary == SQLITE_ROW || primary == SQLITE_DONE)
        return STORE_OK;
    const char *what = self->db && sqlite3_errcode(self->db) == primary ? sqlite3_errmsg(self->db) : sqlite3_errstr(code);
    refuse(self, error, what);
    return primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_NOMEM || primary == SQLITE_INTERRUPT
               ? STORE_AWAY
               : STORE_REFUSED;
}

static store_result_t execute(sqlite_file_t *self, const char *text, char *error)
{
    return sqlite_file_result(self, sqlite3_exec(self->db, text, NULL, NULL, NULL), error);
}

/* One number that a text of SQL tells. */
static store_result_t ask(sqlite_file_t *self, const char *text, int64_t *number, char *error)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(self->db, text, -1, &statement, NULL);
    if (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    store_result_t result = sqlite_file_result(self, code, error);
    sqlite3_finalize(statement);
    return result;
}

/* Is the file ours, and which version has it? An empty one has version 0. */
static store_result_t examine(sqlite_file_t *self, int64_t *version, char *error)
{
    int64_t application = 0, tables = 0;
    store_result_t result = ask(self, "PRAGMA application_id", &application, error);
    if (result == STORE_OK)
        result = ask(self, "PRAGMA user_version", version, error);
    if (result == STORE_OK)
        result = ask(self, "SELECT count(*) FROM sqlite_schema", &tables, error);
    if (result != STORE_OK)
        return result;
    if (application != APPLICATION && (application != 0 || *version != 0 || tables != 0))
        return refuse(self, error, "expected a store of trades, found another program's database");
    if (*version > VERSION) {
        snprintf(error, STORE_ERROR_MAX, "sqlite: %s: schema version %lld, expected at most %d", self->path,
                 (long long)*version, VERSION);
        return STORE_REFUSED;
    }
    return STORE_OK;
}

/* In a transaction that waits for another handle's migration, and looks again. */
static store_result_t migrate(sqlite_file_t *self, char *error)
{
    int64_t version = 0;
    char done[80];
    snprintf(done, sizeof done, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", APPLICATION, VERSION);
    store_result_t result = execute(self, "BEGIN IMMEDIATE", error);
    if (result == STORE_OK)
        result = examine(self, &version, error);
    for (; result == STORE_OK && version < VERSION; version++)
        result = execute(self, migrations[version], error);
    if (result == STORE_OK)
        result = execute(self, done, error);
    if (result != STORE_OK && !sqlite3_get_autocommit(self->db))
        sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
    return result;
}

static store_result_t prepare(sqlite_file_t *self, char *error)
{
    store_result_t result = STORE_OK;
    for (int i = 0; result == STORE_OK && i < SQL_STATEMENTS; i++)
        result = sqlite_file_result(
            self, sqlite3_prepare_v3(self->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &self->statements[i], NULL), error);
    return result;
}

/* A new file is not for everybody to read, whatever the umask: SQLite makes them with 0644, and gives the files beside it the same mode. One that is there
 * is left as it is, and not opened: to close it would end the locks of other handles. */
static void make_file(const char *path)
{
    folders_make_for(path); /* when it can't, opening the file tells why */
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd != -1)
        close(fd);
}

store_result_t sqlite_file_open(sqlite_file_t *self, const char *path, char *error)
{
    int64_t version = 0;
    if (!(self->path = strdup(path)))
        return STORE_AWAY;
    make_file(path);
    store_result_t result = sqlite_file_result(
        self, sqlite3_open_v2(path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL), error);
    if (result != STORE_OK)
        return result;
    sqlite3_busy_timeout(self->db, BUSY_MS);
    result = examine(self, &version, error);
    if (result == STORE_OK)
        result = execute(self, connection_setup, error);
    if (result == STORE_OK && version < VERSION)
        result = migrate(self, error);
    if (result == STORE_OK)
        result = ask(self, "SELECT total(trades) FROM stream", &version, error); /* a first look for damage */
    return result == STORE_OK ? prepare(self, error) : result;
}

void sqlite_file_close(sqlite_file_t *self)
{
    for (int i = 0; i < SQL_STATEMENTS; i++)
        sqlite3_finalize(self->statements[i]);
    sqlite3_close(self->db);
    free(self->path);
    *self = (sqlite_file_t){0};
}

int sqlite_file_run(sqlite_file_t *self, sql_t which, size_t count, const int64_t *numbers)
{
    sqlite3_stmt *statement = self->statements[which];
    for (size_t i = 0; i < count; i++)
        sqlite3_bind_int64(statement, (int)i + 1, numbers[i]);
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code;
}
