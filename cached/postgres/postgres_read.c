#include <inttypes.h>

#include "cached/postgres/postgres_store.h"

/* Blocks read at a time: an answer is this many times 1,024 trades at most. */
enum { BLOCKS_MAX = 4 };

store_result_t postgres_load(void *arg, store_stream_fn *each, void *each_arg, char *error)
{
    postgres_t *self = arg;
    PGresult *rows;
    store_result_t result = postgres_link_ensure(&self->link, error);
    if (result == STORE_OK)
        result = postgres_link_run(&self->link, &rows, error,
                                   "SELECT topic, epoch, seq, trades FROM dataflow.stream WHERE (epoch, seq) > (0, 0)");
    if (result != STORE_OK)
        return result;
    bool more = true;
    for (int i = 0; more && i < PQntuples(rows); i++) {
        store_stream_t stream = {{PQgetvalue(rows, i, 0), (size_t)PQgetlength(rows, i, 0)},
                                 postgres_cursor(rows, i, 1),
                                 (uint64_t)postgres_number(rows, i, 3)};
        more = each(each_arg, &stream);
    }
    PQclear(rows);
    return STORE_OK;
}

typedef struct {
    postgres_t *store;
    const store_query_t *query;
    store_trade_fn *each;
    void *arg;
    uint64_t left; /* that may still be told */
    bool enough;   /* whoever asked said so */
    int64_t stream;
    sorted_batch_block_t low, high; /* the blocks that are still to be read; their times are the query's, inclusive */
} postgres_walk_t;

static bool forward(const postgres_walk_t *self)
{
    return self->query->order == STORE_OLDEST_FIRST;
}

static const char *direction(const postgres_walk_t *self)
{
    return forward(self) ? "ASC" : "DESC";
}

static bool at_end(const postgres_walk_t *self)
{
    return self->enough || self->left == 0;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void tell(postgres_walk_t *self, const PGresult *rows)
{
    for (int i = 0; !self->enough && i < PQntuples(rows); i++) {
        store_trade_t trade = {self->query->topic,
                               postgres_cursor(rows, i, 0),
                               postgres_number(rows, i, 2),
                               {PQgetvalue(rows, i, 3), (size_t)PQgetlength(rows, i, 3)}};
        self->left--;
        self->enough = !self->each(self->arg, &trade);
    }
}

/* The trades of blocks from `run->number` to `last` that are wanted. Their times are constants to PostgreSQL, and tell it which partitions
 * to leave alone. */
static store_result_t read_run(postgres_walk_t *self, const sorted_batch_block_t *run, uint64_t last, char *error)
{
    const store_query_t *query = self->query;
    int64_t from = (int64_t)run->number * SORTED_BATCH_BLOCK, to = (int64_t)last * SORTED_BATCH_BLOCK + SORTED_BATCH_BLOCK - 1;
    PGresult *rows;
    if (run->epoch == query->from.epoch)
        from = greater(from, batch_bound(query->from.seq));
    if (run->epoch == query->to.epoch)
        to = smaller(to, batch_bound(query->to.seq));
    store_result_t result =
        postgres_link_run(&self->store->link, &rows, error,
                          "SELECT epoch, seq, time_ns, json FROM dataflow.trade WHERE stream = %" PRId64 " AND epoch = %" PRIu64
                          " AND seq BETWEEN %" PRId64 " AND %" PRId64 " AND time_ns BETWEEN %" PRId64 " AND %" PRId64
                          " ORDER BY seq %s LIMIT %" PRId64,
                          self->stream, run->epoch, from, to, greater(run->least_ns, self->low.least_ns),
                          smaller(run->greatest_ns, self->low.greatest_ns), direction(self), batch_bound(self->left));
    if (result != STORE_OK)
        return result;
    tell(self, rows);
    PQclear(rows);
    return STORE_OK;
}

static sorted_batch_block_t block_at(const PGresult *rows, int row)
{
    cursor_t cursor = postgres_cursor(rows, row, 0);
    return (sorted_batch_block_t){cursor.epoch, cursor.seq, postgres_number(rows, row, 2), postgres_number(rows, row, 3)};
}

/* Reads blocks that follow one another in one go, whatever their order. */
static store_result_t read_blocks(postgres_walk_t *self, const PGresult *rows, char *error)
{
    store_result_t result = STORE_OK;
    int count = PQntuples(rows);
    for (int i = 0; result == STORE_OK && !at_end(self) && i < count;) {
        sorted_batch_block_t run = block_at(rows, i++), next;
        uint64_t last = run.number;
        for (; i < count && (next = block_at(rows, i)).epoch == run.epoch &&
               (forward(self) ? next.number == last + 1 : next.number + 1 == run.number);
             i++) {
            last = forward(self) ? next.number : last;
            run.number = forward(self) ? run.number : next.number;
            run.least_ns = smaller(run.least_ns, next.least_ns);
            run.greatest_ns = greater(run.greatest_ns, next.greatest_ns);
        }
        result = read_run(self, &run, last, error);
    }
    return result;
}

/* What is still to be read begins behind the last of these blocks. False when nothing can be there. */
static bool move_on(postgres_walk_t *self, const sorted_batch_block_t *last)
{
    if (forward(self)) {
        self->low.epoch = last->epoch;
        self->low.number = last->number + 1;
        return true;
    }
    if (last->number == 0 && last->epoch == 0)
        return false;
    self->high.epoch = last->epoch - (last->number == 0);
    self->high.number = last->number == 0 ? INT64_MAX : last->number - 1;
    return true;
}

static store_result_t walk(postgres_walk_t *self, char *error)
{
    PGresult *rows;
    store_result_t result = STORE_OK;
    for (bool more = true; result == STORE_OK && more && !at_end(self);) {
        uint64_t wanted = self->left / SORTED_BATCH_BLOCK + 2 < BLOCKS_MAX ? self->left / SORTED_BATCH_BLOCK + 2 : BLOCKS_MAX;
        result = postgres_link_run(&self->store->link, &rows, error,
                                   "SELECT epoch, number, least_ns, greatest_ns FROM dataflow.block WHERE stream = %" PRId64
                                   " AND (epoch, number) >= (%" PRIu64 ", %" PRIu64 ") AND (epoch, number) <= (%" PRIu64
                                   ", %" PRIu64 ") AND greatest_ns >= %" PRId64 " AND least_ns <= %" PRId64
                                   " ORDER BY epoch %s, number %s LIMIT %" PRIu64,
                                   self->stream, self->low.epoch, self->low.number, self->high.epoch, self->high.number,
                                   self->low.least_ns, self->low.greatest_ns, direction(self), direction(self), wanted);
        if (result != STORE_OK)
            break;
        result = read_blocks(self, rows, error);
        int count = PQntuples(rows);
        more = (uint64_t)count == wanted;
        if (more) {
            sorted_batch_block_t last = block_at(rows, count - 1);
            more = move_on(self, &last);
        }
        PQclear(rows);
    }
    return result;
}

/* 0 when there is no such stream. */
static store_result_t find_stream(postgres_t *self, text_t topic, int64_t *id, char *error)
{
    PGresult *rows;
    store_result_t result = postgres_link_ensure(&self->link, error);
    if (result == STORE_OK)
        result = postgres_link_run_with(&self->link, &rows, error, "SELECT id FROM dataflow.stream WHERE topic = $1", topic);
    if (result != STORE_OK)
        return result;
    *id = PQntuples(rows) > 0 ? postgres_number(rows, 0, 0) : 0;
    PQclear(rows);
    return STORE_OK;
}

store_result_t postgres_range(void *arg, const store_query_t *query, store_trade_fn *each, void *each_arg, char *error)
{
    postgres_t *self = arg;
    postgres_walk_t all = {.store = self, .query = query, .each = each, .arg = each_arg, .left = query->limit};
    store_result_t result = find_stream(self, query->topic, &all.stream, error);
    if (result != STORE_OK || all.stream == 0 || query->after_ns == INT64_MAX || query->before_ns == INT64_MIN)
        return result;
    all.low = (sorted_batch_block_t){(uint64_t)batch_bound(query->from.epoch),
                                     (uint64_t)batch_bound(query->from.seq) / SORTED_BATCH_BLOCK, query->after_ns + 1,
                                     query->before_ns - 1};
    all.high = (sorted_batch_block_t){.epoch = (uint64_t)batch_bound(query->to.epoch),
                                      .number = (uint64_t)batch_bound(query->to.seq) / SORTED_BATCH_BLOCK};
    return walk(&all, error);
}
