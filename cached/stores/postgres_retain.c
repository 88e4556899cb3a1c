#include <inttypes.h>

#include "cached/stores/postgres_store.h"

/* Blocks, and trades, that one call looks at, about: a short transaction, so that appends don't wait for long. */
enum { RETAIN_BLOCKS = 20, RETAIN_STEP = RETAIN_BLOCKS * BATCH_BLOCK };

typedef struct {
    postgres_link_t *link;
    int64_t id; /* 0: there is no such stream */
    uint64_t trades, keep, dropped;
    int64_t before_ns;
} retain_t;

static store_result_t lock_stream(retain_t *self, text_t topic, char *error)
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
static store_result_t count_dropped(retain_t *self, store_result_t result, PGresult *deleted)
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
static store_result_t find_cut(retain_t *self, uint64_t drop, cursor_t *cut, char *error)
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

static store_result_t drop_by_count(retain_t *self, char *error)
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
                                   self->id, cut.epoch, cut.seq / BATCH_BLOCK);
    return result;
}

/* What is too old of one block; then nothing in it is known to be older. */
static store_result_t drop_from_block(retain_t *self, cursor_t block, int64_t least_ns, char *error)
{
    PGresult *deleted = NULL;
    store_result_t result = postgres_link_run(
        self->link, &deleted, error,
        "DELETE FROM dataflow.trade WHERE stream = %" PRId64 " AND epoch = %" PRIu64 " AND seq BETWEEN %" PRIu64 " AND %" PRIu64
        " AND time_ns >= %" PRId64 " AND time_ns < %" PRId64,
        self->id, block.epoch, block.seq * BATCH_BLOCK, block.seq * BATCH_BLOCK + BATCH_BLOCK - 1, least_ns, self->before_ns);
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
static store_result_t drop_some_by_age(retain_t *self, bool *found, char *error)
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
static store_result_t drop_by_age(retain_t *self, char *error)
{
    store_result_t result = STORE_OK;
    for (bool found = true; result == STORE_OK && found && self->dropped < RETAIN_STEP;)
        result = drop_some_by_age(self, &found, error);
    return result;
}

static store_result_t finish(retain_t *self, char *error)
{
    return postgres_link_run(self->link, NULL, error,
                             "UPDATE dataflow.stream SET trades = trades - %" PRIu64 " WHERE id = %" PRId64 "; COMMIT",
                             self->dropped, self->id);
}

store_result_t postgres_retain(void *arg, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error)
{
    postgres_t *self = arg;
    retain_t retain = {.link = &self->link, .keep = keep, .before_ns = before_ns};
    *dropped = 0;
    store_result_t result = postgres_link_ensure(&self->link, error);
    if (result == STORE_OK)
        result = lock_stream(&retain, topic, error);
    if (result == STORE_OK)
        result = drop_by_count(&retain, error);
    if (result == STORE_OK)
        result = drop_by_age(&retain, error);
    if (result == STORE_OK)
        result = finish(&retain, error);
    *dropped = result == STORE_OK ? retain.dropped : 0;
    return result;
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
