/* The stores that the contract is tested with: where each test finds one of its own, and what can happen to it. */
#pragma once

#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include "cached/stores/kinds.h"
#include "tests/contract/store_servers.h"
#include "tests/unit/temporary_folder.h"

/* As it stands in the URL. */
#define PASSWORD       "a%20p%40ss%2Fword"
#define WRONG_PASSWORD "secret-that-is-wrong"

typedef struct {
    const char *name;
    const char *(*missing)(void); /* why it can't be tested here; NULL when it can */
    void (*prepare)(void);        /* once, before the tests; NULL: nothing */
    void (*unprepare)(void);      /* once, behind them */
    void (*start)(void);          /* an empty store, this test's own */
    void (*stop)(void);
    const char *(*url)(void);
    void (*set_version)(int version); /* of the schema; NULL: it does not last */
    void (*take_away)(void);          /* NULL: it is no server */
    void (*bring_back)(void);
    const char *(*url_wrong_password)(void);
    bool brief; /* another form of a kind that has all cases: the first ones are enough */
} store_backend_t;

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
    const char *const arguments[] = {
        server_find("redis-server"),
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
        "--appendfsync", /* else what was just written may wait in Redis while the disk is busy, and be lost */
        "always",
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

/* --- PostgreSQL --- */

/* One server for all tests of a program, emptied before each: a server or a database of its own would take each test most of its time. A test may take it
 * away; whoever finds it gone starts it again. */
static server_process_t postgres_server;
static pid_t postgres_starter;
static char postgres_url_text[200], postgres_wrong_url_text[200];

static const char *postgres_missing(void)
{
    return server_find("initdb") && server_find("postgres") ? NULL : "postgres: no PostgreSQL server is installed";
}

static PGconn *postgres_connect(void)
{
    return PQconnectdb(postgres_url_text);
}

static bool postgres_is_up(void)
{
    PGconn *conn = postgres_connect();
    bool up = PQstatus(conn) == CONNECTION_OK;
    PQfinish(conn);
    return up;
}

/* Whoever started it need not be this process, so that only the file tells of its end. */
static void postgres_await_end(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/data/postmaster.pid", postgres_server.folder.path);
    for (time_t deadline = time(NULL) + SERVER_PATIENCE_S; access(path, F_OK) == 0;) {
        ck_assert_msg(time(NULL) < deadline, "the server does not end: see %s/server.log", postgres_server.folder.path);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

static void postgres_bring_back(void)
{
    static char program[128], data[96], sockets[128];
    snprintf(program, sizeof program, "%s", server_find("postgres"));
    snprintf(data, sizeof data, "%s/data", postgres_server.folder.path);
    snprintf(sockets, sizeof sockets, "unix_socket_directories=%s", postgres_server.folder.path);
    /* As many locks in all as a server has with the default of 100 connections. */
    const char *const arguments[] = {program,
                                     "-D",
                                     data,
                                     "-c",
                                     "listen_addresses=",
                                     "-c",
                                     sockets,
                                     "-c",
                                     "fsync=off",
                                     "-c",
                                     "shared_buffers=16MB",
                                     "-c",
                                     "max_connections=20",
                                     "-c",
                                     "max_locks_per_transaction=320",
                                     NULL};
    postgres_starter = getpid();
    server_process_start(&postgres_server, arguments);
    while (!postgres_is_up())
        server_process_wait(&postgres_server);
}

static void postgres_make(void)
{
    static char initdb[128], data[96], password[96];
    snprintf(initdb, sizeof initdb, "%s", server_find("initdb"));
    snprintf(data, sizeof data, "%s/data", postgres_server.folder.path);
    snprintf(password, sizeof password, "--pwfile=%s/password", postgres_server.folder.path);
    FILE *file = fopen(password + strlen("--pwfile="), "w");
    ck_assert_ptr_nonnull(file);
    fputs("a p@ss/word\n", file);
    fclose(file);
    const char *const arguments[] = {
        initdb, "--no-sync", "--username=trader", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", password,
        data,   NULL};
    server_process_run(&postgres_server, arguments);
}

static void postgres_prepare(void)
{
    postgres_server = server_process_new("postgres");
    const char *folder = postgres_server.folder.path;
    snprintf(postgres_url_text, sizeof postgres_url_text, "postgres://trader:%s@/postgres?host=%s", PASSWORD, folder);
    snprintf(postgres_wrong_url_text, sizeof postgres_wrong_url_text, "postgres://trader:%s@/postgres?host=%s", WRONG_PASSWORD,
             folder);
    postgres_make();
    postgres_bring_back();
}

static void postgres_unprepare(void)
{
    server_process_destroy(&postgres_server);
}

static void postgres_tell(const char *statements)
{
    PGconn *conn = postgres_connect();
    PGresult *result = PQexec(conn, statements);
    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s", PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
}

static void postgres_start(void)
{
    if (!postgres_is_up())
        postgres_bring_back();
    postgres_tell("SET client_min_messages = error; SET allow_system_table_mods = on;"
                  "DROP SCHEMA IF EXISTS dataflow CASCADE; DELETE FROM pg_extension WHERE extname = 'timescaledb';"
                  "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

static void postgres_take_away(void)
{
    server_process_stop(&postgres_server);
    postgres_await_end();
}

/* What a test has started itself would be killed with it, and leave its files locked. */
static void postgres_stop(void)
{
    if (postgres_starter == getpid())
        postgres_take_away();
}

static const char *postgres_url(void)
{
    return postgres_url_text;
}

static const char *postgres_url_wrong_password(void)
{
    return postgres_wrong_url_text;
}

static void postgres_set_version(int version)
{
    char text[80];
    snprintf(text, sizeof text, "UPDATE dataflow.schema SET version = %d", version);
    postgres_tell(text);
}

/* --- PostgreSQL with a stand-in for TimescaleDB --- */

/* Debian has no package of the real one. This is what it documents (names, arguments, types, defaults) of what we call, each call written down
 * in `called`; the table stays a plain one. ALTER TABLE … SET (timescaledb.…) is part of the extension's library: here it fails, as it does in
 * an edition without compression. */
static const char timescale_stand_in[] =
    "SET client_min_messages = error; SET allow_system_table_mods = on;"
    "INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)"
    " VALUES (99999, 'timescaledb', 10, 'public'::regnamespace, false, 'stand-in');"
    "CREATE TABLE public.called (number serial, call text);"
    "CREATE FUNCTION public.create_hypertable(relation regclass, time_column_name name, partitioning_column name = NULL,"
    "  number_partitions integer = NULL, associated_schema_name name = NULL, associated_table_prefix name = NULL,"
    "  chunk_time_interval anyelement = NULL::bigint, create_default_indexes boolean = true, if_not_exists boolean = false,"
    "  partitioning_func regproc = NULL, migrate_data boolean = false, chunk_target_size text = NULL,"
    "  chunk_sizing_func regproc = NULL, time_partitioning_func regproc = NULL)"
    " RETURNS TABLE (hypertable_id integer, schema_name name, table_name name, created boolean) LANGUAGE plpgsql AS $$ BEGIN"
    "  INSERT INTO public.called (call) VALUES (format('create_hypertable %s %s %s %s', relation, time_column_name,"
    "    chunk_time_interval, create_default_indexes));"
    "  RETURN QUERY SELECT 1, 'dataflow'::name, 'trade'::name, true; END $$;"
    "CREATE FUNCTION public.set_integer_now_func(hypertable regclass, integer_now_func regproc, replace_if_exists boolean = "
    "false)"
    " RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
    "  INSERT INTO public.called (call) VALUES (format('set_integer_now_func %s %s', hypertable, integer_now_func)); END $$;"
    "CREATE FUNCTION public.add_compression_policy(hypertable regclass, compress_after anyelement, if_not_exists boolean = "
    "false,"
    "  schedule_interval interval = NULL, initial_start timestamptz = NULL, timezone text = NULL)"
    " RETURNS integer LANGUAGE plpgsql AS $$ BEGIN"
    "  INSERT INTO public.called (call) VALUES (format('add_compression_policy %s %s %s', hypertable, compress_after,"
    "    pg_typeof(compress_after))); RETURN 1000; END $$;"
    "CREATE FUNCTION public.add_retention_policy(relation regclass, drop_after anyelement, if_not_exists boolean = false,"
    "  schedule_interval interval = NULL, initial_start timestamptz = NULL, timezone text = NULL)"
    " RETURNS integer LANGUAGE plpgsql AS $$ BEGIN"
    "  INSERT INTO public.called (call) VALUES (format('add_retention_policy %s %s %s', relation, drop_after, "
    "pg_typeof(drop_after)));"
    "  RETURN 1001; END $$;"
    "CREATE FUNCTION public.remove_retention_policy(relation regclass, if_exists boolean = false) RETURNS void LANGUAGE plpgsql"
    " AS $$ BEGIN"
    "  INSERT INTO public.called (call) VALUES (format('remove_retention_policy %s %s', relation, if_exists)); END $$;";

static void timescale_start(void)
{
    postgres_start();
    postgres_tell(timescale_stand_in);
}

static const store_backend_t backends[] = {
    {.name = "memory", .missing = nothing_missing, .start = memory_nothing, .stop = memory_nothing, .url = memory_url},
    {.name = "sqlite",
     .missing = nothing_missing,
     .start = sqlite_start,
     .stop = sqlite_stop,
     .url = sqlite_url,
     .set_version = sqlite_set_version},
    {"postgres", postgres_missing, postgres_prepare, postgres_unprepare, postgres_start, postgres_stop, postgres_url,
     postgres_set_version, postgres_take_away, postgres_bring_back, postgres_url_wrong_password, false},
    {.name = "timescaledb's stand-in",
     .missing = postgres_missing,
     .prepare = postgres_prepare,
     .unprepare = postgres_unprepare,
     .start = timescale_start,
     .stop = postgres_stop,
     .url = postgres_url,
     .brief = true},
    {"redis", redis_missing, NULL, NULL, redis_start, redis_stop, redis_url, redis_set_version, redis_take_away,
     redis_bring_back, redis_url_wrong_password, false},
};
enum { BACKENDS = sizeof backends / sizeof *backends };
