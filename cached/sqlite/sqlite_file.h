/* A SQLite file with our schema in it, and its prepared statements. A boundary file: only this folder knows SQLite. */
#pragma once

#include <sqlite3.h>

#include "cached/stores/store.h"

typedef enum {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_STREAM,      /* topic → id, epoch, seq, trades */
    SQL_STREAM_MAKE, /* topic */
    SQL_CLEARED,     /* id: it is out of sight */
    SQL_FIND_CLEARED,
    SQL_STREAM_DROP, /* id */
    SQL_PLACE,       /* id, epoch, seq */
    SQL_ADD,         /* id, trades to add to the count */
    SQL_INSERT,      /* id, epoch, seq, timestamp, json */
    SQL_FILL,        /* the same, unless its cursor exists */
    SQL_BLOCK,       /* id, epoch, number, least, greatest */
    SQL_LOAD,
    SQL_OLDEST, /* range without times: topic, from, to (two each), limit */
    SQL_NEWEST,
    SQL_OLDEST_TIMED, /* and with them: and after, before */
    SQL_NEWEST_TIMED,
    SQL_NTH,          /* id, n → the cursor of the trade after the n oldest */
    SQL_DROP_BELOW,   /* id, epoch, seq */
    SQL_BLOCKS_BELOW, /* id, epoch, number */
    SQL_OLD_BLOCK,    /* id, before → epoch, number, greatest of the first block with a trade that may be older */
    SQL_DROP_OLD,     /* id, epoch, first seq, last seq, before */
    SQL_BLOCK_LEAST,  /* id, epoch, number, before */
    SQL_BLOCK_DROP,   /* id, epoch, number */
    SQL_STATEMENTS
} sql_t;

typedef struct {
    char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_STATEMENTS];
} sqlite_file_t;

/* Opens or creates the file, and its folder. Call sqlite_file_close even after a failure. */
store_result_t sqlite_file_open(sqlite_file_t *self, const char *path, char *error);
void sqlite_file_close(sqlite_file_t *self);

/* Runs a statement with these 64-bit numbers to its end. SQLITE_DONE is success. */
int sqlite_file_run(sqlite_file_t *self, sql_t which, size_t count, const int64_t *numbers);
#define SQLITE_RUN(self, which, ...)                                                                                           \
    sqlite_file_run((self), (which), sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

/* The meaning of a code for the caller, and a message for all but SQLITE_OK, SQLITE_ROW and SQLITE_DONE. */
store_result_t sqlite_file_result(const sqlite_file_t *self, int code, char *error);
