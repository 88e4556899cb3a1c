#include <inttypes.h>

#include "cached/postgres/postgres_store.h"

/* Blocks, and trades, that one call looks at, about: a short transaction, so that appends don't wait for long. */
enum { RETAIN_BLOCKS = 20, RETAIN_STEP = RETAIN_BLOCKS * SORTED_BATCH_BLOCK };

typedef struct {
    postgres_link_t *link;
    int64_t id; /* 0: there is no such stream */
    uint64_t trades, keep, dropped;
    int64_t before_ns;
} postgres_retain_t;

static store_result_t lock_stream(postgres_retain_t *self, text_t topic, char *error)
{
    PGresult *rows;
    store_result_t result = postgres_link_run(self->link, NULL, error, "BEGIN");
    if (result == STORE_OK)
        result = postgres_link_run_with(self->link, &rows, error,
                                        "SELECT id, trades FROM dataflow.stream WHERE topic = $1 FOR UPDATE", topic);
    if (result != STORE_OK)
        return result;
    self->id = PQntuples(rows) > 0 ? postgres_number(rows, 0, 0) : 0;
    self->trades = PQntuples(rows) > 0 ? (uint64_t)postgres_number(rows, 0, 1) : 0;
    PQclear(rows);
    return STORE_OK;
}

/* Counts what a DELETE dropped, if it did. */
static store_result_t count_dropped(postgres_retain_t *self, store_result_t result, PGresult *deleted)
{
    uint64_t count = 0;
    if (result != STORE_OK)
        return result;
    text_to_u64(text_of(PQcmdTuples(deleted)), &count);
    PQclear(deleted);
    self->dropped += count;
    return STORE_OK;
}

/* The cursor of the oldest trade that is kept; beyond all when none is. */
static store_result_t find_cut(postgres_retain_t *self, uint64_t drop, cursor_t *cut, char *error)
{
    PGresult *rows;
    *cut = (cursor_t){INT64_MAX, INT64_MAX};
    store_result_t result = postgres_link_run(self->link, &rows, error,
                                              "SELECT epoch, seq FROM dataflow.trade WHERE stream = %" PRId64
                                              " ORDER BY epoch, seq OFFSET %" PRIu64 " LIMIT 1",
                                              self->id, drop);
    if (result != STORE_OK)
        return result;
    if (PQntuples(rows) > 0)
        *cut = postgres_cursor(rows, 0, 0);
    PQclear(rows);
    return STORE_OK;
}

static store_result_t drop_by_count(postgres_retain_t *self, char *error)
{
    cursor_t cut;
    PGresult *deleted = NULL;
    if (self->trades <= self->keep)
        return STORE_OK;
    uint64_t drop = self->trades - self->keep;
    store_result_t result = find_cut(self, drop < RETAIN_STEP ? drop : RETAIN_STEP, &cut, error);
    if (result == STORE_OK)
        result = postgres_link_run(self->link, &deleted, error,
                                   "DELETE FROM dataflow.trade WHERE stream = %" PRId64 " AND (epoch, seq) < (%" PRIu64
                                   ", %" PRIu64 ")",
                                   self->id, cut.epoch, cut.seq);
    result = count_dropped(self, result, deleted);
    if (result == STORE_OK)
        result = postgres_link_run(self->link, NULL, error,
                                   "DELETE FROM dataflow.block WHERE stream = %" PRId64 " AND (epoch, number) < (%" PRIu64
                                   ", %" PRIu64 ")",
                                   self->id, cut.epoch, cut.seq / SORTED_BATCH_BLOCK);
    return result;
}

/* What is too old of one block; then nothing in it is known to be older. */
static store_result_t drop_from_block(postgres_retain_t *self, cursor_t block, int64_t least_ns, char *error)
{
    PGresult *deleted = NULL;
    store_result_t result =
        postgres_link_run(self->link, &deleted, error,
                          "DELETE FROM dataflow.trade WHERE stream = %" PRId64 " AND epoch = %" PRIu64
                          " AND seq BETWEEN %" PRIu64 " AND %" PRIu64 " AND time_ns >= %" PRId64 " AND time_ns < %" PRId64,
                          self->id, block.epoch, block.seq * SORTED_BATCH_BLOCK,
                          block.seq * SORTED_BATCH_BLOCK + SORTED_BATCH_BLOCK - 1, least_ns, self->before_ns);
    if ((result = count_dropped(self, result, deleted)) != STORE_OK)
        return result;
    return postgres_link_run(
        self->link, NULL, error,
        "DELETE FROM dataflow.block WHERE stream = %" PRId64 " AND epoch = %" PRIu64 " AND number = %" PRIu64
        " AND greatest_ns < %" PRId64 "; UPDATE dataflow.block SET least_ns = %" PRId64 " WHERE stream = %" PRId64
        " AND epoch = %" PRIu64 " AND number = %" PRIu64,
        self->id, block.epoch, block.seq, self->before_ns, self->before_ns, self->id, block.epoch, block.seq);
}

/* *found: were there any such blocks? */
static store_result_t drop_some_by_age(postgres_retain_t *self, bool *found, char *error)
{
    PGresult *rows;
    store_result_t result = postgres_link_run(self->link, &rows, error,
                                              "SELECT epoch, number, least_ns FROM dataflow.block WHERE stream = %" PRId64
                                              " AND least_ns < %" PRId64 " ORDER BY epoch, number LIMIT %d",
                                              self->id, self->before_ns, RETAIN_BLOCKS);
    *found = false;
    if (result != STORE_OK)
        return result;
    for (int i = 0; result == STORE_OK && i < PQntuples(rows); i++)
        result = drop_from_block(self, postgres_cursor(rows, i, 0), postgres_number(rows, i, 2), error);
    *found = PQntuples(rows) > 0;
    PQclear(rows);
    return result;
}

/* Blocks whose old trades were dropped by their number long ago may hold nothing: on to those that do. */
static store_result_t drop_by_age(postgres_retain_t *self, char *error)
{
    store_result_t result = STORE_OK;
    for (bool found = true; result == STORE_OK && found && self->dropped < RETAIN_STEP;)
        result = drop_some_by_age(self, &found, error);
    return result;
}

static store_result_t finish(postgres_retain_t *self, char *error)
{
    return postgres_link_run(self->link, NULL, error,
                             "UPDATE dataflow.stream SET trades = trades - %" PRIu64 " WHERE id = %" PRId64 "; COMMIT",
                             self->dropped, self->id);
}

/* While nobody swept, TimescaleDB's policy may have dropped chunks with trades in them, which nobody has counted: then blocks are left that
 * begin before. */
static store_result_t count_anew(postgres_retain_t *self, int64_t policy_ns, char *error)
{
    PGresult *rows;
    if (self->id == 0 || policy_ns == 0)
        return STORE_OK;
    store_result_t result =
        postgres_link_run(self->link, &rows, error,
                          "UPDATE dataflow.stream SET trades = (SELECT count(*) FROM dataflow.trade WHERE stream = %" PRId64
                          ") WHERE id = %" PRId64 " AND EXISTS (SELECT FROM dataflow.block WHERE stream = %" PRId64
                          " AND least_ns < %" PRId64 ") RETURNING trades",
                          self->id, self->id, self->id, clock_real_ns() - policy_ns);
    if (result != STORE_OK)
        return result;
    if (PQntuples(rows) > 0)
        self->trades = (uint64_t)postgres_number(rows, 0, 0);
    PQclear(rows);
    return STORE_OK;
}

store_result_t postgres_retain(void *arg, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error)
{
    postgres_t *self = arg;
    postgres_retain_t retain = {.link = &self->link, .keep = keep, .before_ns = before_ns};
    *dropped = 0;
    store_result_t result = postgres_link_ensure(&self->link, error);
    if (result == STORE_OK)
        result = lock_stream(&retain, topic, error);
    if (result == STORE_OK)
        result = count_anew(&retain, self->policy_ns, error);
    if (result == STORE_OK)
        result = drop_by_count(&retain, error);
    if (result == STORE_OK)
        result = drop_by_age(&retain, error);
    if (result == STORE_OK)
        result = finish(&retain, error);
    *dropped = result == STORE_OK ? retain.dropped : 0;
    return result;
}

/* dataflow.policy_ns tells what is set: 0 where there is no hypertable, or no such policy. */
static const char set_policy[] =
    "DO $$ DECLARE drop_after bigint := %" PRId64 "; BEGIN"
    "  PERFORM set_config('dataflow.policy_ns', '0', false);"
    "  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"
    "    OR (SELECT relkind = 'p' FROM pg_class WHERE oid = 'dataflow.trade'::regclass) THEN RETURN; END IF;"
    "  PERFORM remove_retention_policy('dataflow.trade', if_exists => true);"
    "  IF drop_after = 0 THEN RETURN; END IF;"
    "  PERFORM add_retention_policy('dataflow.trade', drop_after => drop_after);"
    "  PERFORM set_config('dataflow.policy_ns', drop_after::text, false);"
    "EXCEPTION WHEN OTHERS THEN"
    "  RAISE WARNING 'dataflow: no retention policy: %%', SQLERRM;"
    "END $$";

/* A chunk is dropped whole, and a day later than its trades should be, for until then retain counts what it drops. Where there is no such policy
 * (an edition without it), retain alone drops. */
store_result_t postgres_expire(void *arg, int64_t age_ns, char *error)
{
    postgres_t *self = arg;
    PGresult *rows = NULL;
    if (age_ns == self->expired_ns)
        return STORE_OK;
    int64_t policy_ns = age_ns > 0 && age_ns < INT64_MAX - DAY_NS ? age_ns + DAY_NS : 0;
    store_result_t result = postgres_link_ensure(&self->link, error);
    if (result == STORE_OK)
        result = postgres_link_run(&self->link, NULL, error, set_policy, policy_ns);
    if (result == STORE_OK)
        result = postgres_link_run(&self->link, &rows, error, "SELECT current_setting('dataflow.policy_ns')");
    if (result != STORE_OK)
        return result;
    self->policy_ns = postgres_number(rows, 0, 0);
    self->expired_ns = age_ns;
    PQclear(rows);
    return STORE_OK;
}

/* In steps, each a transaction, so that no size is too large for the time that a statement has. */
store_result_t postgres_clear(void *arg, text_t topic, uint64_t *cleared, char *error)
{
    uint64_t dropped = 0;
    store_result_t result;
    *cleared = 0;
    do {
        result = postgres_retain(arg, topic, 0, INT64_MIN, &dropped, error);
        *cleared += dropped;
    } while (result == STORE_OK && dropped > 0);
    return result;
}
