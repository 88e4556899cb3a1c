#include <stdio.h>

#include "cached/postgres/postgres_link.h"

enum { VERSION = 2 };

/* Whoever migrates holds this advisory lock ("DFlw"). */
#define LOCK "1145465975"

/* Rows of all kinds of tables. */
#define TRADE_COLUMNS                                                                                                          \
    "(stream bigint NOT NULL, epoch bigint NOT NULL, seq bigint NOT NULL, time_ns bigint NOT NULL, json text NOT NULL)"

/* A hypertable where TimescaleDB is there; where it is not, or does not take it, days are partitions. An edition without compression leaves it
 * uncompressed. proto/stores.md describes it. */
static const char make_trade[] =
    "DO $$ BEGIN"
    "  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN"
    "    BEGIN"
    "      CREATE TABLE dataflow.trade " TRADE_COLUMNS ";"
    "      PERFORM create_hypertable('dataflow.trade', 'time_ns', chunk_time_interval => 86400000000000,"
    "        create_default_indexes => false);"
    "      PERFORM set_integer_now_func('dataflow.trade', 'dataflow.now_ns');"
    "    EXCEPTION WHEN OTHERS THEN"
    "      RAISE WARNING 'dataflow: no hypertable, plain partitions instead: %', SQLERRM;"
    "    END;"
    "  END IF;"
    "  IF to_regclass('dataflow.trade') IS NOT NULL THEN"
    "    BEGIN"
    "      ALTER TABLE dataflow.trade SET (timescaledb.compress, timescaledb.compress_segmentby = 'stream',"
    "        timescaledb.compress_orderby = 'epoch, seq');"
    "    EXCEPTION WHEN OTHERS THEN"
    "      RAISE WARNING 'dataflow: no compression: %', SQLERRM;"
    "    END;"
    "    BEGIN"
    "      PERFORM add_compression_policy('dataflow.trade', compress_after => 604800000000000::bigint);"
    "    EXCEPTION WHEN OTHERS THEN"
    "      RAISE WARNING 'dataflow: no compression policy: %', SQLERRM;"
    "    END;"
    "    RETURN;"
    "  END IF;"
    "  CREATE TABLE dataflow.trade " TRADE_COLUMNS " PARTITION BY RANGE (time_ns);"
    "  CREATE TABLE dataflow.trade_other PARTITION OF dataflow.trade DEFAULT;"
    "END $$;";

/* Makes the partition of a day (since 1970) where it is missing, and drops those before it that retention emptied. Times that are wild
 * make no more than 1,000 partitions: all else goes to trade_other. */
static const char make_day[] =
    "CREATE FUNCTION dataflow.make_day(day bigint) RETURNS void LANGUAGE plpgsql AS $$"
    "DECLARE"
    "  name text := 'trade_' || to_char(to_timestamp(day * 86400) AT TIME ZONE 'UTC', 'YYYYMMDD');"
    "  other regclass; empty boolean;"
    "BEGIN"
    "  IF EXISTS (SELECT FROM pg_tables WHERE schemaname = 'dataflow' AND tablename = name) THEN RETURN; END IF;"
    "  PERFORM pg_advisory_xact_lock(" LOCK ");"
    "  IF EXISTS (SELECT FROM pg_tables WHERE schemaname = 'dataflow' AND tablename = name)"
    "    OR (SELECT relkind <> 'p' FROM pg_class WHERE oid = 'dataflow.trade'::regclass) THEN RETURN; END IF;"
    "  FOR other IN SELECT inhrelid FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
    "      WHERE inhparent = 'dataflow.trade'::regclass AND relname LIKE 'trade\\_2%' AND relname < name LOOP"
    "    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', other) INTO empty;"
    "    IF NOT empty THEN CONTINUE; END IF;"
    "    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', other);"
    "    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s)', other) INTO empty;"
    "    IF empty THEN EXECUTE format('DROP TABLE %s', other); END IF;"
    "  END LOOP;"
    "  IF (SELECT count(*) FROM pg_inherits WHERE inhparent = 'dataflow.trade'::regclass) > 1000 THEN RETURN; END IF;"
    "  EXECUTE format('CREATE TABLE dataflow.%I PARTITION OF dataflow.trade FOR VALUES FROM (%s) TO (%s)', name,"
    "    day * 86400000000000, (day + 1) * 86400000000000);"
    "EXCEPTION WHEN check_violation THEN NULL;" /* trade_other has some of that day: there it goes on */
    "END $$;";

static const char make_rest[] =
    "CREATE INDEX ON dataflow.trade (stream, epoch, seq);"
    "CREATE TABLE dataflow.stream (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL UNIQUE,"
    " epoch bigint NOT NULL DEFAULT 0, seq bigint NOT NULL DEFAULT 0, trades bigint NOT NULL DEFAULT 0);"
    "CREATE TABLE dataflow.block (stream bigint NOT NULL, epoch bigint NOT NULL, number bigint NOT NULL, least_ns bigint NOT "
    "NULL,"
    " greatest_ns bigint NOT NULL, PRIMARY KEY (stream, epoch, number));";

/* Version 2: records of other channels than trades (record.h) are never parsed, as PostgreSQL can make no text of some of what they may say
 * ("\\u0000"), and one of them would be an error of the whole query. */
#define OF_TRADE(member) "CASE WHEN s.topic LIKE 'trade.%' THEN json::json ->> '" member "' END"
static const char make_view[] =
    "CREATE OR REPLACE VIEW dataflow.trades AS SELECT s.topic, t.epoch, t.seq, to_timestamp(t.time_ns / 1e9) AS time,"
    " " OF_TRADE("symbol") " AS symbol, " OF_TRADE("side") " AS side, (" OF_TRADE(
        "qty") ")::numeric AS qty,"
               " (" OF_TRADE("price") ")::numeric AS price, " OF_TRADE(
                   "tradeId") " AS trade_id,"
                              " substring(s.topic from '^[^.]*[.][^.]*[.](.*)$') AS source, t.json"
                              " FROM dataflow.trade t JOIN dataflow.stream s ON s.id = t.stream;"
                              "UPDATE dataflow.schema SET version = 2;";

static const char make_first[] =
    "CREATE SCHEMA IF NOT EXISTS dataflow; CREATE TABLE dataflow.schema (version integer NOT NULL);"
    "INSERT INTO dataflow.schema VALUES (1);"
    "CREATE FUNCTION dataflow.now_ns() RETURNS bigint LANGUAGE sql STABLE AS"
    " $$ SELECT (extract(epoch FROM now()) * 1000000000)::bigint $$;";

/* to_regclass would answer from a cache, which waiting for an advisory lock does not renew. */
static store_result_t read_version(postgres_link_t *self, int64_t *version, char *error)
{
    PGresult *result;
    store_result_t done = postgres_link_run(
        self, &result, error, "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'dataflow' AND tablename = 'schema')");
    if (done != STORE_OK)
        return done;
    bool there = *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    *version = 0;
    if (!there)
        return STORE_OK;
    if ((done = postgres_link_run(self, &result, error, "SELECT max(version) FROM dataflow.schema")) != STORE_OK)
        return done;
    *version = postgres_number(result, 0, 0);
    PQclear(result);
    return STORE_OK;
}

/* To the present version, in the transaction that holds the lock. The last step is all that version 1 lacks. */
static store_result_t migrate_from(postgres_link_t *self, int64_t version, char *error)
{
    static const char *const steps[] = {make_first, make_trade, make_day, make_rest, make_view};
    enum { STEPS = sizeof steps / sizeof *steps };
    store_result_t result = STORE_OK;
    for (size_t i = version == 0 ? 0 : STEPS - 1; result == STORE_OK && i < STEPS; i++) {
        PGresult *done = PQexec(self->conn, steps[i]);
        result = postgres_link_check(self, done, error);
        PQclear(done);
    }
    return result;
}

static store_result_t migrate(postgres_link_t *self, char *error)
{
    int64_t version;
    store_result_t result = postgres_link_run(self, NULL, error, "BEGIN; SELECT pg_advisory_xact_lock(" LOCK ")");
    if (result == STORE_OK)
        result = read_version(self, &version, error); /* somebody else may have done it meanwhile */
    if (result == STORE_OK && version < VERSION)
        result = migrate_from(self, version, error);
    return result == STORE_OK ? postgres_link_run(self, NULL, error, "COMMIT") : result;
}

store_result_t postgres_schema_ensure(postgres_link_t *self, char *error)
{
    int64_t version;
    store_result_t result = read_version(self, &version, error);
    if (result != STORE_OK || version == VERSION)
        return result;
    if (version < VERSION)
        return migrate(self, error);
    postgres_link_close(self);
    snprintf(error, STORE_ERROR_MAX, "postgres: schema version %lld, expected at most %d", (long long)version, VERSION);
    return STORE_REFUSED;
}
