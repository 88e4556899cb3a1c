/* What the parts of the PostgreSQL store share: postgres.c opens and writes, postgres_copy.c brings in a batch, postgres_read.c reads,
 * postgres_retain.c drops. */
#pragma once

#include "cached/postgres/postgres_link.h"
#include "cached/stores/sorted_batch.h"
#include "common/clock.h"

#define DAY_NS (INT64_C(86400) * NS_PER_S)

enum { POSTGRES_DAYS = 64 };

typedef struct {
    postgres_link_t link;
    sorted_batch_t *batch;
    buffer_t text;               /* where statements and rows are printed */
    int64_t expired_ns;          /* the last age given to postgres_expire; -1: none yet */
    int64_t policy_ns;           /* TimescaleDB drops chunks that are older; 0: it does not */
    int64_t days[POSTGRES_DAYS]; /* whose partitions exist, as far as we know: day d at d % POSTGRES_DAYS, as d + 1 */
} postgres_t;

store_result_t postgres_load(void *arg, store_stream_fn *each, void *each_arg, char *error);
store_result_t postgres_range(void *arg, const store_query_t *query, store_trade_fn *each, void *each_arg, char *error);
store_result_t postgres_retain(void *arg, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error);
store_result_t postgres_expire(void *arg, int64_t age_ns, char *error);
store_result_t postgres_clear(void *arg, text_t topic, uint64_t *cleared, char *error);

/* Sends the remaining trades of a batch, in an open transaction. */
store_result_t postgres_copy(postgres_t *self, char *error);
