#include "cached/redis/redis_blocks.h"

#include "common/array.h"

#include <stdlib.h>

void redis_blocks_release(redis_blocks_t *self)
{
    free(self->at);
    *self = (redis_blocks_t){0};
}

static sorted_batch_block_t *add(redis_blocks_t *self)
{
    return ARRAY_RESERVE(&self->at, &self->room, self->count + 1, ARRAY_UNBOUNDED) ? &self->at[self->count++] : NULL;
}

/* False if it is invalid: somebody else wrote it. */
static bool parse_times(const redisReply *reply, sorted_batch_block_t *block)
{
    char *comma = NULL, *end = NULL;
    block->least_ns = reply->str ? strtoll(reply->str, &comma, 10) : 0;
    block->greatest_ns = comma && *comma == ',' ? strtoll(comma + 1, &end, 10) : 0;
    return end && end > comma + 1 && *end == '\0';
}

static store_result_t take_widened(redis_blocks_t *self, redis_link_t *link, sorted_batch_block_t *block, char *error)
{
    redisReply *reply;
    sorted_batch_block_t known;
    store_result_t result = redis_link_take(link, REDIS_REPLY_STRING, &reply, error);
    if (result != STORE_OK)
        return result;
    if (reply->type == REDIS_REPLY_NIL) {
        self->fresh = true;
    } else if (!parse_times(reply, &known)) {
        result = redis_link_odd(link, "an invalid block", error);
    } else {
        block->least_ns = known.least_ns < block->least_ns ? known.least_ns : block->least_ns;
        block->greatest_ns = known.greatest_ns > block->greatest_ns ? known.greatest_ns : block->greatest_ns;
    }
    freeReplyObject(reply);
    return result;
}

static store_result_t ask_stream(redis_blocks_t *self, redis_link_t *link, const sorted_batch_stream_t *stream, char *error)
{
    sorted_batch_block_t block;
    for (size_t at = 0; sorted_batch_block(stream, &at, &block);) {
        sorted_batch_block_t *added = add(self);
        if (!added)
            return redis_link_odd(link, "out of memory", error);
        *added = block;
        redis_link_send(link, "HGET dataflow:blocks:%b %lu-%lu", stream->topic.at, stream->topic.length, block.epoch,
                        block.number);
    }
    return STORE_OK;
}

static store_result_t take_all_widened(redis_blocks_t *self, redis_link_t *link, char *error)
{
    store_result_t result = STORE_OK;
    self->fresh = false;
    for (size_t i = 0; result == STORE_OK && i < self->count; i++)
        result = take_widened(self, link, &self->at[i], error);
    return result;
}

store_result_t redis_blocks_widen(redis_blocks_t *self, redis_link_t *link, sorted_batch_t *batch, char *error)
{
    const sorted_batch_stream_t *stream;
    store_result_t result = STORE_OK;
    self->count = 0;
    for (size_t i = 0; result == STORE_OK && (stream = sorted_batch_stream(batch, i)); i++)
        result = ask_stream(self, link, stream, error);
    return result == STORE_OK ? take_all_widened(self, link, error) : result;
}

store_result_t redis_blocks_widen_stream(redis_blocks_t *self, redis_link_t *link, const sorted_batch_stream_t *stream,
                                         char *error)
{
    self->count = 0;
    store_result_t result = ask_stream(self, link, stream, error);
    return result == STORE_OK ? take_all_widened(self, link, error) : result;
}

static int by_cursor(const void *a, const void *b)
{
    const sorted_batch_block_t *left = a, *right = b;
    return cursor_compare((cursor_t){left->epoch, left->number}, (cursor_t){right->epoch, right->number});
}

static bool parse_all(redis_blocks_t *self, const redisReply *reply)
{
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const redisReply *name = reply->element[i];
        sorted_batch_block_t *block = add(self);
        cursor_t cursor;
        if (!block || !name->str || !cursor_parse((text_t){name->str, name->len}, &cursor) ||
            !parse_times(reply->element[i + 1], block))
            return false;
        block->epoch = cursor.epoch;
        block->number = cursor.seq;
    }
    return true;
}

store_result_t redis_blocks_read(redis_blocks_t *self, redis_link_t *link, text_t topic, char *error)
{
    redisReply *reply;
    self->count = 0;
    redis_link_send(link, "HGETALL dataflow:blocks:%b", topic.at, topic.length);
    store_result_t result = redis_link_take(link, REDIS_REPLY_ARRAY, &reply, error);
    if (result != STORE_OK)
        return result;
    if (!parse_all(self, reply))
        result = redis_link_odd(link, "invalid blocks", error);
    else if (self->count > 0)
        qsort(self->at, self->count, sizeof *self->at, by_cursor);
    freeReplyObject(reply);
    return result;
}

void redis_blocks_send(redis_link_t *link, text_t topic, const sorted_batch_block_t *block)
{
    redis_link_send(link, "HSET dataflow:blocks:%b %lu-%lu %ld,%ld", topic.at, topic.length, block->epoch, block->number,
                    block->least_ns, block->greatest_ns);
}

store_result_t redis_blocks_first(redis_link_t *link, text_t topic, cursor_t *first, char *error)
{
    redisReply *reply;
    *first = (cursor_t){0, 0};
    redis_link_send(link, "XRANGE dataflow:trades:%b - + COUNT 1", topic.at, topic.length);
    store_result_t result = redis_link_take(link, REDIS_REPLY_ARRAY, &reply, error);
    if (result == STORE_OK && reply->elements == 1) {
        const redisReply *entry = reply->element[0];
        const redisReply *id = entry->elements > 0 ? entry->element[0] : NULL;
        if (!id || !id->str || !cursor_parse((text_t){id->str, id->len}, first))
            result = redis_link_odd(link, "an invalid entry", error);
    }
    freeReplyObject(reply);
    return result;
}

store_result_t redis_blocks_prune(redis_blocks_t *self, redis_link_t *link, text_t topic, char *error)
{
    cursor_t first = {0, 0};
    store_result_t result = redis_blocks_first(link, topic, &first, error);
    if (result == STORE_OK)
        result = redis_blocks_read(self, link, topic, error);
    size_t sent = 0;
    first.seq /= SORTED_BATCH_BLOCK;
    for (; result == STORE_OK && sent < self->count; sent++) {
        const sorted_batch_block_t *block = &self->at[sent];
        if (cursor_compare((cursor_t){block->epoch, block->number}, first) >= 0)
            break;
        redis_link_send(link, "HDEL dataflow:blocks:%b %lu-%lu", topic.at, topic.length, block->epoch, block->number);
    }
    return result == STORE_OK ? redis_link_drop(link, sent, error) : result;
}
