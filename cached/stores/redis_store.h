/* What the two halves of the Redis store share: redis.c writes, redis_read.c reads. */
#pragma once

#include "cached/stores/redis_blocks.h"

typedef struct {
    redis_link_t link;
    uint64_t cap; /* trades kept of each stream; 0: all */
    batch_t *batch;
    redis_blocks_t blocks;
} redis_t;

/* store.h: load, range. */
store_result_t redis_load(void *arg, store_stream_fn *each, void *each_arg, char *error);
store_result_t redis_range(void *arg, const store_query_t *query, store_trade_fn *each, void *each_arg, char *error);

/* The trades of one block that are older than `before_ns`: calls back with each. */
store_result_t redis_old_of_block(redis_t *self, text_t topic, const batch_block_t *block, int64_t before_ns,
                                  store_trade_fn *trade, void *arg, char *error);
