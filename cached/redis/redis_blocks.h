/* The blocks (sorted_batch.h) of a stream in Redis: a hash from "<epoch>-<number>" to "<least>,<greatest>". */
#pragma once

#include "cached/redis/redis_link.h"
#include "cached/stores/sorted_batch.h"

typedef struct {
    sorted_batch_block_t *at; /* owned */
    size_t count, room;
    bool fresh; /* one was added that Redis did not have */
} redis_blocks_t;

void redis_blocks_release(redis_blocks_t *self);

/* Reads the blocks of a batch's trades, widened by those trades, in the order of streams and blocks. */
store_result_t redis_blocks_widen(redis_blocks_t *self, redis_link_t *link, sorted_batch_t *batch, char *error);

/* The same for one stream of it. */
store_result_t redis_blocks_widen_stream(redis_blocks_t *self, redis_link_t *link, const sorted_batch_stream_t *stream,
                                         char *error);

/* The cursor of a stream's oldest trade; {0, 0} when there is none. */
store_result_t redis_blocks_first(redis_link_t *link, text_t topic, cursor_t *first, char *error);

/* Reads all of a stream, ordered by cursor. */
store_result_t redis_blocks_read(redis_blocks_t *self, redis_link_t *link, text_t topic, char *error);

/* Sends a command that writes one. */
void redis_blocks_send(redis_link_t *link, text_t topic, const sorted_batch_block_t *block);

/* Forgets the blocks from before the stream's oldest trade, which will never come back. */
store_result_t redis_blocks_prune(redis_blocks_t *self, redis_link_t *link, text_t topic, char *error);
