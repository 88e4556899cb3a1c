/* The stores that the contract is tested with: where each test finds one of its own, and what can happen to it. */
#pragma once

#include <sqlite3.h>

#include "cached/store.h"
#include "tests/unit/temporary_folder.h"

#define WRONG_PASSWORD "secret%20that%20is%20wrong"

typedef struct {
    const char *name;
    const char *(*missing)(void); /* why it can't be tested here; NULL when it can */
    void (*start)(void);          /* an empty store, this test's own */
    void (*stop)(void);
    const char *(*url)(void);
    void (*set_version)(int version); /* of the schema; NULL: it does not last */
    void (*take_away)(void);          /* NULL: it is no server */
    void (*bring_back)(void);
    const char *(*url_wrong_password)(void);
} backend_t;

static const char *nothing_missing(void)
{
    return NULL;
}

/* --- memory --- */

static void memory_nothing(void)
{
}

static const char *memory_url(void)
{
    return "memory:";
}

/* --- SQLite --- */

static folder_t sqlite_folder;
static char sqlite_url_text[128];

static void sqlite_start(void)
{
    sqlite_folder = folder_new();
    snprintf(sqlite_url_text, sizeof sqlite_url_text, "sqlite:///%s/made/as%%20needed/trades.db", sqlite_folder.path);
}

static void sqlite_stop(void)
{
    folder_remove(&sqlite_folder);
}

static const char *sqlite_url(void)
{
    return sqlite_url_text;
}

static void sqlite_set_version(int version)
{
    char path[128], text[64];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/made/as needed/trades.db", sqlite_folder.path);
    snprintf(text, sizeof text, "PRAGMA user_version = %d", version);
    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static const backend_t backends[] = {
    {"memory", nothing_missing, memory_nothing, memory_nothing, memory_url, NULL, NULL, NULL, NULL},
    {"sqlite", nothing_missing, sqlite_start, sqlite_stop, sqlite_url, sqlite_set_version, NULL, NULL, NULL},
};
enum { BACKENDS = sizeof backends / sizeof *backends };
