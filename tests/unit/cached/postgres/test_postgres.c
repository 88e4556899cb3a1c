/* What is PostgreSQL's alone; all else is in tests/contract/test_store.c. */
#include <pthread.h>

#include "cached/stores/kinds.h"
#include "common/clock.h"
#include "tests/contract/store_backends.h"
#include "tests/unit/run_tests.h"

#define TOPIC TEXT("trade.BTC-USD.test")

static const int64_t day_ns = INT64_C(86400000000000);

static const store_backend_t *postgres;
static const store_kind_t *kind;
static void *handle;
static char error[STORE_ERROR_MAX], answer[400];

static void set_up(void)
{
    postgres->start();
    ck_assert_msg(kind->open(postgres->url(), &handle, error) == STORE_OK, "%s", error);
}

static void tear_down(void)
{
    kind->close(handle);
    postgres->stop();
}

/* The first value that a statement gives; "" for none. */
static const char *ask(const char *statement)
{
    PGconn *conn = postgres_connect();
    PGresult *result = PQexec(conn, statement);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK, "%s",
                  PQerrorMessage(conn));
    snprintf(answer, sizeof answer, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(conn);
    return answer;
}

static void append(uint64_t seq, int64_t timestamp_ns)
{
    const char *json = "{\"symbol\":\"BTC-USD\",\"price\":105383.80000,\"qty\":8.5E-5}";
    store_trade_t trade = {TOPIC, {1, seq}, timestamp_ns, text_of(json)};
    ck_assert_msg(kind->write.append(handle, &trade, 1, error) == STORE_OK, "%s", error);
}

static bool count_one(void *arg, const store_trade_t *trade)
{
    (void)trade;
    ++*(int *)arg;
    return true;
}

static int count(int64_t after_ns, int64_t before_ns)
{
    int found = 0;
    store_query_t query = {TOPIC, {0, 0}, {UINT64_MAX, UINT64_MAX}, after_ns, before_ns, STORE_OLDEST_FIRST, UINT64_MAX};
    ck_assert_msg(kind->read.range(handle, &query, count_one, &found, error) == STORE_OK, "%s", error);
    return found;
}

#define PARTITIONS "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname ~ '^trade_' AND relkind = 'r'"

START_TEST(a_day_is_a_partition)
{
    append(1, 20000 * day_ns);
    append(2, 20000 * day_ns + day_ns - 1);
    append(3, 20001 * day_ns);
    ck_assert_str_eq(ask(PARTITIONS), "trade_20241004 trade_20241005 trade_other");
    ck_assert_str_eq(ask("SELECT count(*) FROM dataflow.trade_20241004"), "2");
    ck_assert_int_eq(count(20000 * day_ns, 20001 * day_ns), 1);
}
END_TEST

START_TEST(times_that_no_day_has_are_kept_all_the_same)
{
    append(1, -5);
    append(2, INT64_MAX - 1);
    ck_assert_str_eq(ask(PARTITIONS), "trade_other");
    ck_assert_int_eq(count(INT64_MIN, INT64_MAX), 2);
    ck_assert_int_eq(count(INT64_MIN, 0), 1);
}
END_TEST

/* As if 1,000 days had come, each with a trade. */
START_TEST(wild_times_make_no_end_of_partitions)
{
    ask("DO $$ BEGIN FOR n IN 1..1000 LOOP"
        " EXECUTE format('CREATE TABLE dataflow.trade_1%s PARTITION OF dataflow.trade FOR VALUES FROM (%s) TO (%s)', n, n, n + "
        "1); COMMIT;"
        " END LOOP; END $$");
    append(1, 20000 * day_ns);
    ck_assert_str_eq(ask("SELECT count(*) FROM dataflow.trade_other"), "1");
    ck_assert_int_eq(count(INT64_MIN, INT64_MAX), 1);
}
END_TEST

START_TEST(days_that_retention_emptied_are_dropped)
{
    uint64_t dropped;
    append(1, 20000 * day_ns);
    append(2, 20001 * day_ns);
    ck_assert_int_eq(kind->write.retain(handle, TOPIC, UINT64_MAX, 20001 * day_ns, &dropped, error), STORE_OK);
    ck_assert_uint_eq(dropped, 1);
    append(3, 20002 * day_ns);
    ck_assert_str_eq(ask(PARTITIONS), "trade_20241005 trade_20241006 trade_other");
    append(4, 20000 * day_ns); /* late: a day that this handle takes to be there */
    ck_assert_int_eq(count(INT64_MIN, INT64_MAX), 3);
}
END_TEST

START_TEST(people_can_read_it_exactly)
{
    append(1, 20000 * day_ns);
    ck_assert_str_eq(ask("SELECT topic || ' ' || symbol || ' ' || price || ' ' || qty FROM dataflow.trades"),
                     "trade.BTC-USD.test BTC-USD 105383.80000 0.000085");
}
END_TEST

/* Of what a string may have in JSON, PostgreSQL can make no text of some. */
START_TEST(records_of_other_channels_have_no_columns_of_trades)
{
    static const char json[] =
        "{\"epoch\":1,\"seq\":1,\"channel\":\"readings\",\"key\":\"sensor-7\",\"timestamp\":\"2025-11-10T17:24:33.937Z\","
        "\"source\":"
        "\"lab\",\"received\":\"2025-11-10T17:24:33.981112345Z\",\"data\":{\"price\":\"x\",\"a\":\"\\u0000 \\ud800\"}}";
    store_trade_t record = {TEXT("readings.sensor-7.lab"), {1, 1}, 20000 * day_ns, text_of(json)};
    ck_assert_msg(kind->write.append(handle, &record, 1, error) == STORE_OK, "%s", error);
    append(1, 20000 * day_ns);
    ck_assert_str_eq(ask("SELECT count(*) FROM dataflow.trades WHERE symbol IS NULL AND side IS NULL AND qty IS NULL"
                         " AND price IS NULL AND trade_id IS NULL AND topic = 'readings.sensor-7.lab'"),
                     "1");
    ck_assert_str_eq(ask("SELECT sum(price) FROM dataflow.trades"), "105383.80000");
}
END_TEST

START_TEST(the_view_of_the_first_version_is_renewed)
{
    ask("DROP VIEW dataflow.trades; UPDATE dataflow.schema SET version = 1");
    kind->close(handle);
    ck_assert_msg(kind->open(postgres->url(), &handle, error) == STORE_OK, "%s", error);
    append(1, 20000 * day_ns);
    ck_assert_str_eq(ask("SELECT symbol || ' ' || source FROM dataflow.trades"), "BTC-USD test");
    ck_assert_str_eq(ask("SELECT version FROM dataflow.schema"), "2");
}
END_TEST

START_TEST(a_user_without_rights_is_refused)
{
    char url[200];
    void *other = NULL;
    ask("SET client_min_messages = error; DROP SCHEMA dataflow CASCADE");
    ask("CREATE ROLE reader LOGIN PASSWORD 'reads'");
    snprintf(url, sizeof url, "postgres://reader:reads@/postgres?host=%s", postgres_server.folder.path);
    ck_assert_int_eq(kind->open(url, &other, error), STORE_REFUSED);
    ck_assert_msg(strstr(error, "permission denied") && !strstr(error, "reads@"), "%s", error);
}
END_TEST

START_TEST(a_url_that_libpq_does_not_take_is_refused_and_not_shown)
{
    void *other = NULL;
    ck_assert_int_eq(kind->open("postgres://user:secret@host/db?nothing=of-this", &other, error), STORE_REFUSED);
    ck_assert_msg(!strstr(error, "secret"), "%s", error);
}
END_TEST

static void *open_another(void *arg)
{
    char own_error[STORE_ERROR_MAX];
    void *other = NULL;
    store_result_t *result = arg;
    *result = kind->open(postgres->url(), &other, own_error);
    kind->close(other);
    return NULL;
}

START_TEST(many_may_make_the_schema_at_once)
{
    enum { OPENERS = 6 };
    pthread_t threads[OPENERS];
    store_result_t results[OPENERS];
    ask("SET client_min_messages = error; DROP SCHEMA dataflow CASCADE");
    for (int i = 0; i < OPENERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, open_another, &results[i]), 0);
    for (int i = 0; i < OPENERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < OPENERS; i++)
        ck_assert_int_eq(results[i], STORE_OK);
    ck_assert_str_eq(ask("SELECT count(*) FROM dataflow.schema"), "1");
}
END_TEST

/* --- with what is like TimescaleDB --- */

static void set_up_timescale(void)
{
    timescale_start();
    ck_assert_msg(kind->open(postgres->url(), &handle, error) == STORE_OK, "%s", error);
}

#define CALLS "SELECT coalesce(string_agg(call, '; ' ORDER BY number), '') FROM called"

START_TEST(a_hypertable_is_made_once)
{
    ck_assert_str_eq(ask(CALLS),
                     "create_hypertable dataflow.trade time_ns 86400000000000 f; set_integer_now_func dataflow.trade "
                     "dataflow.now_ns; add_compression_policy dataflow.trade 604800000000000 bigint");
    ck_assert_str_eq(ask("SELECT relkind FROM pg_class WHERE oid = 'dataflow.trade'::regclass"), "r");
    ck_assert_str_eq(ask("SELECT abs(dataflow.now_ns() / 1e9 - extract(epoch FROM now())) < 60"), "t");
    kind->close(handle);
    ck_assert_int_eq(kind->open(postgres->url(), &handle, error), STORE_OK);
    append(1, 20000 * day_ns);
    append(2, 20001 * day_ns);
    ck_assert_int_eq(count(INT64_MIN, INT64_MAX), 2);
    ck_assert_str_eq(ask(PARTITIONS), "");
    ck_assert_str_eq(ask("SELECT count(*) FROM called"), "3");
}
END_TEST

static void expire(int64_t age_ns)
{
    ask("DELETE FROM called");
    ck_assert_msg(kind->write.expire(handle, age_ns, error) == STORE_OK, "%s", error);
}

START_TEST(a_limit_for_all_is_a_policy)
{
    expire(30 * day_ns);
    ck_assert_str_eq(ask(CALLS),
                     "remove_retention_policy dataflow.trade t; add_retention_policy dataflow.trade 2678400000000000 bigint");
    expire(30 * day_ns); /* the same again */
    ck_assert_str_eq(ask(CALLS), "");
    expire(0);
    ck_assert_str_eq(ask(CALLS), "remove_retention_policy dataflow.trade t");
}
END_TEST

/* An edition that can't. */
START_TEST(without_policies_retention_goes_on)
{
    uint64_t dropped;
    ask("DROP FUNCTION add_retention_policy");
    expire(30 * day_ns);
    append(1, 20000 * day_ns);
    ck_assert_int_eq(kind->write.retain(handle, TOPIC, UINT64_MAX, 20001 * day_ns, &dropped, error), STORE_OK);
    ck_assert_uint_eq(dropped, 1);
}
END_TEST

/* While cached was away, the policy dropped chunks that nobody has counted. */
START_TEST(what_the_policy_dropped_is_counted)
{
    uint64_t dropped;
    int64_t now_ns = clock_real_ns();
    for (uint64_t seq = 1; seq <= 20; seq++)
        append(seq, now_ns - (seq <= 10 ? 40 : 1) * day_ns);
    ask("DELETE FROM dataflow.trade WHERE seq <= 10");
    expire(30 * day_ns);
    ck_assert_int_eq(kind->write.retain(handle, TOPIC, 10, now_ns - 30 * day_ns, &dropped, error), STORE_OK);
    ck_assert_uint_eq(dropped, 0);
    ck_assert_int_eq(count(INT64_MIN, INT64_MAX), 10);
    ck_assert_str_eq(ask("SELECT trades FROM dataflow.stream"), "10");
    ck_assert_int_eq(kind->write.retain(handle, TOPIC, 9, now_ns - 30 * day_ns, &dropped, error), STORE_OK);
    ck_assert_uint_eq(dropped, 1);
}
END_TEST

START_TEST(elsewhere_there_is_no_policy)
{
    ck_assert_int_eq(kind->write.expire(handle, 30 * day_ns, error), STORE_OK);
    append(1, 20000 * day_ns);
    ck_assert_int_eq(count(INT64_MIN, INT64_MAX), 1);
}
END_TEST

START_TEST(it_is_not_here)
{
    printf("SKIP: %s\n", postgres->missing());
    fflush(stdout);
}
END_TEST

static void add_cases(TCase *tests)
{
    tcase_add_unchecked_fixture(tests, postgres->prepare, postgres->unprepare);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_day_is_a_partition);
    tcase_add_test(tests, times_that_no_day_has_are_kept_all_the_same);
    tcase_add_test(tests, wild_times_make_no_end_of_partitions);
    tcase_add_test(tests, days_that_retention_emptied_are_dropped);
    tcase_add_test(tests, people_can_read_it_exactly);
    tcase_add_test(tests, records_of_other_channels_have_no_columns_of_trades);
    tcase_add_test(tests, the_view_of_the_first_version_is_renewed);
    tcase_add_test(tests, a_user_without_rights_is_refused);
    tcase_add_test(tests, a_url_that_libpq_does_not_take_is_refused_and_not_shown);
    tcase_add_test(tests, many_may_make_the_schema_at_once);
    tcase_add_test(tests, elsewhere_there_is_no_policy);
}

static TCase *timescale_cases(void)
{
    TCase *tests = tcase_create("timescale");
    tcase_set_timeout(tests, 30);
    tcase_add_unchecked_fixture(tests, postgres->prepare, postgres->unprepare);
    tcase_add_checked_fixture(tests, set_up_timescale, tear_down);
    tcase_add_test(tests, a_hypertable_is_made_once);
    tcase_add_test(tests, a_limit_for_all_is_a_policy);
    tcase_add_test(tests, without_policies_retention_goes_on);
    tcase_add_test(tests, what_the_policy_dropped_is_counted);
    return tests;
}

int main(void)
{
    TCase *tests = tcase_create("postgres");
    tcase_set_timeout(tests, 30);
    kind = store_kind("postgres:");
    for (int i = 0; i < BACKENDS; i++)
        if (strcmp(backends[i].name, "postgres") == 0)
            postgres = &backends[i];
    if (postgres->missing())
        tcase_add_test(tests, it_is_not_here);
    else
        add_cases(tests);
    Suite *suite = suite_create("postgres");
    suite_add_tcase(suite, tests);
    if (!postgres->missing())
        suite_add_tcase(suite, timescale_cases());
    return run_suite(suite);
}
