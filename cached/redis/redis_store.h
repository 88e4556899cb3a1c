/* What the parts of the Redis store share: redis.c writes, redis_fill.c fills in, redis_read.c reads. */
#pragma once

#include "cached/redis/redis_blocks.h"

/* How often a call is retried when other writers came first. */
enum { REDIS_RACES = 20 };

typedef struct {
    redis_link_t link;
    uint64_t cap; /* trades kept of each stream; 0: all */
    sorted_batch_t *batch;
    redis_blocks_t blocks;
} redis_t;

/* store.h: load, range, fill. */
store_result_t redis_load(void *arg, store_stream_fn *each, void *each_arg, char *error);
store_result_t redis_range(void *arg, const store_query_t *query, store_trade_fn *each, void *each_arg, char *error);
store_result_t redis_fill(void *arg, const store_trade_t *trades, size_t count, uint64_t *filled, char *error);

/* The trades of one block that are older than `before_ns`: calls back with each. */
store_result_t redis_old_of_block(redis_t *self, text_t topic, const sorted_batch_block_t *block, int64_t before_ns,
                                  store_trade_fn *trade, void *arg, char *error);

/* Up to `count` trades from a cursor on. *more: others follow. *from: after the last one. */
store_result_t redis_read_page(redis_t *self, text_t topic, cursor_t *from, size_t count, store_trade_fn *trade, void *arg,
                               bool *more, char *error);

/* The place of a stream; {0, 0} if nothing of it is stored. Each is one command and its reply. */
void redis_send_get_place(redis_t *self, text_t topic);
store_result_t redis_take_place(redis_t *self, cursor_t *place, char *error);
void redis_send_set_place(redis_t *self, text_t topic, cursor_t place);

/* The reply to EXEC: nil after a lost race. */
store_result_t redis_take_exec(redis_t *self, bool *raced, char *error);
store_result_t redis_lost_races(char *error);
