/* The stores that the contract is tested with: where each test finds one of its own, and what can happen to it. */
#pragma once

#include <hiredis/hiredis.h>
#include <sqlite3.h>

#include "cached/store.h"
#include "tests/contract/store_servers.h"
#include "tests/unit/temporary_folder.h"

/* As it stands in the URL. */
#define PASSWORD       "a%20p%40ss%2Fword"
#define WRONG_PASSWORD "secret-that-is-wrong"

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

/* --- Redis --- */

static server_process_t redis_server;
static char redis_url_text[160], redis_wrong_url_text[160];

static const char *redis_missing(void)
{
    return server_find("redis-server") ? NULL : "redis: no redis-server is installed";
}

static void redis_bring_back(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/redis.sock", redis_server.folder.path);
    const char *const arguments[] = {server_find("redis-server"),
                                     "--port",
                                     "0",
                                     "--unixsocket",
                                     path,
                                     "--requirepass",
                                     "a p@ss/word",
                                     "--dir",
                                     redis_server.folder.path,
                                     "--appendonly",
                                     "yes",
                                     "--save",
                                     "",
                                     NULL};
    server_process_start(&redis_server, arguments);
    redisContext *context = NULL;
    for (bool up = false; !up; server_process_wait(&redis_server)) {
        context = redisConnectUnix(path);
        redisReply *reply = context && !context->err ? redisCommand(context, "AUTH %s", "a p@ss/word") : NULL;
        if (reply) {
            freeReplyObject(reply);
            reply = redisCommand(context, "PING");
            up = reply && strcmp(reply->str, "PONG") == 0;
            freeReplyObject(reply);
        }
        redisFree(context);
    }
}

static void redis_start(void)
{
    redis_server = server_process_new(NULL);
    snprintf(redis_url_text, sizeof redis_url_text, "redis://:%s@%s/redis.sock", PASSWORD, redis_server.folder.path);
    snprintf(redis_wrong_url_text, sizeof redis_wrong_url_text, "redis://:%s@%s/redis.sock", WRONG_PASSWORD,
             redis_server.folder.path);
    redis_bring_back();
}

static void redis_take_away(void)
{
    server_process_stop(&redis_server);
}

static void redis_stop(void)
{
    server_process_destroy(&redis_server);
}

static const char *redis_url(void)
{
    return redis_url_text;
}

static const char *redis_url_wrong_password(void)
{
    return redis_wrong_url_text;
}

static void redis_set_version(int version)
{
    char path[96];
    snprintf(path, sizeof path, "%s/redis.sock", redis_server.folder.path);
    redisContext *context = redisConnectUnix(path);
    freeReplyObject(redisCommand(context, "AUTH %s", "a p@ss/word"));
    redisReply *reply = redisCommand(context, "SET dataflow:schema %d", version);
    ck_assert_str_eq(reply->str, "OK");
    freeReplyObject(reply);
    redisFree(context);
}

static const backend_t backends[] = {
    {"memory", nothing_missing, memory_nothing, memory_nothing, memory_url, NULL, NULL, NULL, NULL},
    {"sqlite", nothing_missing, sqlite_start, sqlite_stop, sqlite_url, sqlite_set_version, NULL, NULL, NULL},
    {"redis", redis_missing, redis_start, redis_stop, redis_url, redis_set_version, redis_take_away, redis_bring_back,
     redis_url_wrong_password},
};
enum { BACKENDS = sizeof backends / sizeof *backends };
