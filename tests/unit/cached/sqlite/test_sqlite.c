#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include "cached/stores/kinds.h"
#include "tests/unit/run_tests.h"
#include "tests/unit/temporary_folder.h"

#define TOPIC TEXT("trade.BTC-USD.test")

enum { TRADES = 2000 };

static const store_kind_t *kind;
static folder_t folder;
static char path[96], url[128], error[STORE_ERROR_MAX];
static void *handle;

static void set_up(void)
{
    kind = store_kind("sqlite:");
    folder = folder_new();
    snprintf(path, sizeof path, "%s/trades.db", folder.path);
    snprintf(url, sizeof url, "sqlite:///%s", path);
    handle = NULL;
}

static void tear_down(void)
{
    kind->close(handle);
    folder_remove(&folder);
}

static store_result_t open_store(void)
{
    return kind->open(url, &handle, error);
}

static store_result_t append(uint64_t from, uint64_t count)
{
    static store_trade_t trades[TRADES];
    static char json[500];
    ck_assert_uint_le(count, TRADES);
    memset(json, 'x', sizeof json);
    for (uint64_t i = 0; i < count; i++)
        trades[i] = (store_trade_t){TOPIC, {1, from + i}, (int64_t)(from + i), {json, sizeof json}};
    return kind->write.append(handle, trades, count, error);
}

static bool count_one(void *arg, const store_trade_t *trade)
{
    (void)trade;
    ++*(uint64_t *)arg;
    return true;
}

static uint64_t stored(void)
{
    uint64_t count = 0;
    store_query_t query = {TOPIC, {0, 0}, {UINT64_MAX, UINT64_MAX}, INT64_MIN, INT64_MAX, STORE_OLDEST_FIRST, UINT64_MAX};
    ck_assert_msg(kind->read.range(handle, &query, count_one, &count, error) == STORE_OK, "%s", error);
    return count;
}

static void assert_refused(const char *expected)
{
    ck_assert_int_eq(open_store(), STORE_REFUSED);
    ck_assert_ptr_null(handle);
    ck_assert_msg(strstr(error, expected) && strstr(error, path), "expected %s: ...%s..., found %s", path, expected, error);
}

static void execute(const char *sql)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void write_bytes(long offset, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0640);
    ck_assert_int_ne(fd, -1);
    ck_assert_int_eq(pwrite(fd, bytes, length, offset), (ssize_t)length);
    close(fd);
}

START_TEST(a_file_that_is_no_database_is_refused_and_left_as_it_is)
{
    char text[200];
    memset(text, '#', sizeof text);
    write_bytes(0, text, sizeof text);
    assert_refused("file is not a database");
    char found[201] = {0};
    FILE *file = fopen(path, "r");
    ck_assert_uint_eq(fread(found, 1, sizeof found, file), sizeof text);
    fclose(file);
    ck_assert_mem_eq(found, text, sizeof text);
}
END_TEST

static void store_and_overwrite(long offset)
{
    static char noise[40960];
    ck_assert_int_eq(open_store(), STORE_OK);
    for (uint64_t i = 0; i < 5; i++)
        ck_assert_int_eq(append(1 + i * TRADES, TRADES), STORE_OK);
    kind->close(handle);
    handle = NULL;
    memset(noise, 0x5a, sizeof noise);
    write_bytes(offset, noise, sizeof noise);
}

START_TEST(a_corrupt_file_is_refused)
{
    store_and_overwrite(4096);
    assert_refused("malformed");
}
END_TEST

/* Where opening does not look. */
START_TEST(damage_among_the_trades_is_told_when_it_is_met)
{
    store_and_overwrite(1 << 20);
    ck_assert_int_eq(open_store(), STORE_OK);
    uint64_t count = 0;
    store_query_t query = {TOPIC, {0, 0}, {UINT64_MAX, UINT64_MAX}, INT64_MIN, INT64_MAX, STORE_OLDEST_FIRST, UINT64_MAX};
    ck_assert_int_eq(kind->read.range(handle, &query, count_one, &count, error), STORE_REFUSED);
    ck_assert_msg(strstr(error, "malformed") && strstr(error, path), "%s", error);
    ck_assert_uint_gt(count, 100);
}
END_TEST

START_TEST(a_database_of_another_program_is_refused)
{
    execute("CREATE TABLE something(of TEXT)");
    assert_refused("another program's database");
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_refused)
{
    snprintf(path, sizeof path, "%s/file/trades.db", folder.path); /* a folder's name that a file has */
    snprintf(url, sizeof url, "sqlite:///%s", path);
    char file[80];
    snprintf(file, sizeof file, "%s/file", folder.path);
    close(open(file, O_WRONLY | O_CREAT, 0640));
    assert_refused("unable to open");
}
END_TEST

START_TEST(a_url_without_a_path_is_refused)
{
    static const char *const urls[] = {"sqlite:", "sqlite:///", "sqlite:///%zz", "sqlite:///a%00b"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        ck_assert_int_eq(kind->open(urls[i], &handle, error), STORE_REFUSED);
        ck_assert_msg(strstr(error, "sqlite: expected"), "%s: %s", urls[i], error);
    }
}
END_TEST

START_TEST(a_relative_path_begins_where_the_process_is)
{
    ck_assert_int_eq(chdir(folder.path), 0);
    ck_assert_msg(kind->open("sqlite:///state/trades.db", &handle, error) == STORE_OK, "%s", error);
    ck_assert_int_eq(access("state/trades.db", R_OK), 0);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* A file's largest size stands for a full disk. */
START_TEST(a_full_disk_is_refused_loses_nothing_and_recovers)
{
    struct rlimit old, small;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(open_store(), STORE_OK);
    ck_assert_int_eq(append(1, 500), STORE_OK);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){1 << 20, old.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    store_result_t result = STORE_OK;
    uint64_t whole = 500;
    for (; result == STORE_OK && whole < 20000; whole += result == STORE_OK ? TRADES : 0)
        result = append(whole + 1, TRADES);
    ck_assert_int_eq(result, STORE_REFUSED);
    ck_assert_msg(strstr(error, path), "%s", error);
    ck_assert_uint_eq(stored(), whole); /* a batch goes in whole, or not at all */
    setrlimit(RLIMIT_FSIZE, &old);
    ck_assert_msg(append(whole + 1, TRADES) == STORE_OK, "%s", error);
    ck_assert_uint_eq(stored(), whole + TRADES);
}
END_TEST

START_TEST(a_store_that_another_holds_is_away)
{
    sqlite3 *other;
    ck_assert_int_eq(open_store(), STORE_OK);
    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(append(1, 10), STORE_AWAY);
    ck_assert_uint_eq(stored(), 0);
    ck_assert_int_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(append(1, 10), STORE_OK);
    ck_assert_uint_eq(stored(), 10);
    sqlite3_close(other);
}
END_TEST

/* kill -9 leaves the write-ahead log as it is. */
START_TEST(what_was_appended_survives_a_process_that_never_closed)
{
    ck_assert_int_eq(open_store(), STORE_OK);
    ck_assert_int_eq(append(1, 1000), STORE_OK);
    char copy[112], command[450];
    snprintf(copy, sizeof copy, "%s/copy.db", folder.path);
    snprintf(command, sizeof command, "cp %s %s && cp %s-wal %s-wal", path, copy, path, copy);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): our own names */
    kind->close(handle);
    snprintf(url, sizeof url, "sqlite:///%s", copy);
    ck_assert_int_eq(open_store(), STORE_OK);
    ck_assert_uint_eq(stored(), 1000);
}
END_TEST

/* Instructions of SQLite's machine, which tell how much was read, whatever the machine's speed. */
static uint64_t steps;

static int count_steps(void *arg)
{
    (void)arg;
    steps += 100;
    return 0;
}

static void *count_on_open(sqlite3 *db, const char **message, const struct sqlite3_api_routines *api)
{
    (void)message, (void)api;
    sqlite3_progress_handler(db, 100, count_steps, NULL);
    return NULL;
}

START_TEST(a_query_by_time_reads_few_of_many)
{
    sqlite3_auto_extension((void (*)(void))count_on_open);
    ck_assert_int_eq(open_store(), STORE_OK);
    for (uint64_t i = 0; i < 50; i++)
        ck_assert_int_eq(append(1 + i * TRADES, TRADES), STORE_OK);
    for (int newest = 0; newest < 2; newest++) {
        store_query_t query = {TOPIC, {0, 0}, {UINT64_MAX, UINT64_MAX}, 50000, 50011, STORE_OLDEST_FIRST, 100};
        query.order = newest ? STORE_NEWEST_FIRST : STORE_OLDEST_FIRST;
        uint64_t count = 0;
        steps = 0;
        ck_assert_int_eq(kind->read.range(handle, &query, count_one, &count, error), STORE_OK);
        ck_assert_uint_eq(count, 10);
        ck_assert_msg(steps < 50000, "%llu steps over 100,000 trades", (unsigned long long)steps);
    }
}
END_TEST

START_TEST(people_can_read_it)
{
    static const char json[] =
        "{\"symbol\":\"BTC-USD\",\"side\":\"buy\",\"qty\":0.5,\"price\":105383.80000,\"source\":\"test\"}";
    ck_assert_int_eq(open_store(), STORE_OK);
    ck_assert_int_eq(kind->write.append(handle, &(store_trade_t){TOPIC, {1, 1}, 7, text_of(json)}, 1, error), STORE_OK);
    sqlite3 *db;
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT topic, symbol, side, qty FROM trades", -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), "trade.BTC-USD.test");
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 1), "BTC-USD");
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 3), "0.5");
    sqlite3_finalize(statement);
    sqlite3_close(db);
}
END_TEST

static int64_t number(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

START_TEST(records_of_other_channels_have_no_columns_of_trades)
{
    static const char json[] =
        "{\"epoch\":1,\"seq\":1,\"channel\":\"readings\",\"key\":\"sensor-7\",\"timestamp\":\"2025-11-10T17:24:33.937Z\","
        "\"source\":"
        "\"lab\",\"received\":\"2025-11-10T17:24:33.981112345Z\",\"data\":{\"price\":1,\"a\":\"\\u0000 \\ud800\"}}";
    ck_assert_int_eq(open_store(), STORE_OK);
    store_trade_t record = {TEXT("readings.sensor-7.lab"), {1, 1}, 7, text_of(json)};
    ck_assert_int_eq(kind->write.append(handle, &record, 1, error), STORE_OK);
    ck_assert_int_eq(
        number("SELECT count(*) FROM trades WHERE topic = 'readings.sensor-7.lab' AND symbol IS NULL AND side IS NULL"
               " AND qty IS NULL AND price IS NULL AND trade_id IS NULL AND source = 'lab'"),
        1);
}
END_TEST

static bool note_stream(void *arg, const store_stream_t *stream)
{
    store_stream_t *noted = arg;
    ck_assert(text_equal(stream->topic, TOPIC)); /* there is no other one */
    noted->place = stream->place;
    noted->trades = stream->trades;
    return true;
}

static void assert_stream(uint64_t seq, uint64_t trades)
{
    store_stream_t found = {.trades = UINT64_MAX};
    ck_assert_msg(kind->read.load(handle, note_stream, &found, error) == STORE_OK, "%s", error);
    ck_assert_uint_eq(found.place.seq, seq);
    ck_assert_uint_eq(found.trades, trades);
}

/* A trigger stops it, as the death of the process would: what has been committed stays, the rest does not happen. */
START_TEST(a_clear_goes_in_steps_and_brings_nothing_back_where_it_is_cut)
{
    uint64_t cleared = 77;
    ck_assert_int_eq(open_store(), STORE_OK);
    for (uint64_t i = 0; i < 25; i++)
        ck_assert_int_eq(append(1 + i * TRADES, TRADES), STORE_OK);
    execute("CREATE TRIGGER cut BEFORE DELETE ON trade WHEN old.seq = 45000 BEGIN SELECT RAISE(ABORT, 'cut'); END");
    ck_assert_int_ne(kind->write.clear(handle, TOPIC, &cleared, error), STORE_OK);
    ck_assert_int_eq(number("SELECT count(*) FROM trade"), 10000); /* two steps went well */
    ck_assert_uint_eq(stored(), 0);
    assert_stream(50000, 0);
    ck_assert_int_eq(append(49001, TRADES), STORE_OK);
    ck_assert_uint_eq(stored(), 1000); /* not what was stored before, either */
    execute("DROP TRIGGER cut");
    kind->close(handle);
    ck_assert_int_eq(open_store(), STORE_OK);
    ck_assert_int_eq(number("SELECT count(*) FROM trade"), 1000);
    ck_assert_int_eq(number("SELECT count(*) FROM stream"), 1);
    ck_assert_int_eq(number("SELECT count(*) FROM block"), number("SELECT count(DISTINCT seq / 1024) FROM trade"));
    assert_stream(51000, 1000);
    ck_assert_int_eq(kind->write.clear(handle, TOPIC, &cleared, error), STORE_OK);
    ck_assert_uint_eq(cleared, 1000);
    ck_assert_int_eq(number("SELECT count(*) FROM trade"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM block"), 0);
    assert_stream(51000, 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("sqlite");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, a_file_that_is_no_database_is_refused_and_left_as_it_is);
    tcase_add_test(tests, a_corrupt_file_is_refused);
    tcase_add_test(tests, damage_among_the_trades_is_told_when_it_is_met);
    tcase_add_test(tests, a_database_of_another_program_is_refused);
    tcase_add_test(tests, a_file_that_cannot_be_opened_is_refused);
    tcase_add_test(tests, a_url_without_a_path_is_refused);
    tcase_add_test(tests, a_relative_path_begins_where_the_process_is);
    tcase_add_test(tests, a_full_disk_is_refused_loses_nothing_and_recovers);
    tcase_add_test(tests, a_store_that_another_holds_is_away);
    tcase_add_test(tests, what_was_appended_survives_a_process_that_never_closed);
    tcase_add_test(tests, a_query_by_time_reads_few_of_many);
    tcase_add_test(tests, people_can_read_it);
    tcase_add_test(tests, records_of_other_channels_have_no_columns_of_trades);
    tcase_add_test(tests, a_clear_goes_in_steps_and_brings_nothing_back_where_it_is_cut);
    return RUN_TESTS("sqlite", tests);
}
