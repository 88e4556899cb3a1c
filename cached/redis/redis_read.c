#include "cached/redis/redis_store.h"

#include <stdlib.h>

/* Entries read at a time, so that an answer stays small whatever a query's limit. */
enum { PAGE = 2000 };

/* --- load --- */

/* A hash of topics and places, and behind it the length of each one's stream. */
static store_result_t tell_streams(redis_t *self, const redisReply *places, store_stream_fn *each, void *arg, char *error)
{
    store_result_t result = STORE_OK;
    bool more = true;
    for (size_t i = 0; i + 1 < places->elements; i += 2)
        redis_link_send(&self->link, "XLEN dataflow:trades:%b", places->element[i]->str, places->element[i]->len);
    for (size_t i = 0; result == STORE_OK && i + 1 < places->elements; i += 2) {
        const redisReply *topic = places->element[i], *place = places->element[i + 1];
        store_stream_t stream = {.topic = {topic->str, topic->len}};
        redisReply *length;
        if ((result = redis_link_take(&self->link, REDIS_REPLY_INTEGER, &length, error)) != STORE_OK)
            break;
        stream.trades = (uint64_t)length->integer;
        freeReplyObject(length);
        if (!cursor_parse((text_t){place->str, place->len}, &stream.place))
            result = redis_link_odd(&self->link, "an invalid place", error);
        else
            more = more && each(arg, &stream);
    }
    return result;
}

store_result_t redis_load(void *arg, store_stream_fn *each, void *each_arg, char *error)
{
    redis_t *self = arg;
    redisReply *places;
    store_result_t result = redis_link_ensure(&self->link, error);
    if (result != STORE_OK)
        return result;
    redis_link_send(&self->link, "HGETALL dataflow:places");
    if ((result = redis_link_take(&self->link, REDIS_REPLY_ARRAY, &places, error)) != STORE_OK)
        return result;
    result = tell_streams(self, places, each, each_arg, error);
    freeReplyObject(places);
    return result;
}

/* --- range --- */

/* A walk over the entries that a query wants. */
typedef struct {
    redis_t *redis;
    const store_query_t *query;
    store_trade_fn *each;
    void *arg;
    uint64_t left; /* that may still be told */
    bool enough;   /* whoever asked said so */
} redis_walk_t;

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

/* [id, ["time", …, "json", …]] */
static bool parse_entry(const redisReply *entry, text_t topic, store_trade_t *trade)
{
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || entry->element[1]->elements != 4)
        return false;
    const redisReply *id = entry->element[0], *time = entry->element[1]->element[1], *json = entry->element[1]->element[3];
    if (!is_text(id) || !is_text(time) || !is_text(json))
        return false;
    *trade = (store_trade_t){topic, {0, 0}, strtoll(time->str, NULL, 10), {json->str, json->len}};
    return cursor_parse((text_t){id->str, id->len}, &trade->cursor);
}

/* Reports a page. *last: the cursor of its last entry. */
static store_result_t tell_page(redis_walk_t *self, const redisReply *page, cursor_t *last, char *error)
{
    for (size_t i = 0; i < page->elements && !self->enough && self->left > 0; i++) {
        store_trade_t trade;
        if (!parse_entry(page->element[i], self->query->topic, &trade))
            return redis_link_odd(&self->redis->link, "an entry that is not a trade", error);
        *last = trade.cursor;
        if (trade.timestamp_ns <= self->query->after_ns || trade.timestamp_ns >= self->query->before_ns)
            continue;
        self->left--;
        self->enough = !self->each(self->arg, &trade);
    }
    return STORE_OK;
}

/* Moves a bound past the last cursor. False when nothing can be there. */
static bool move_on(cursor_t *bound, cursor_t last, bool forward)
{
    bool borrow = !forward && last.seq == 0;
    if (borrow && last.epoch == 0)
        return false;
    *bound = forward ? (cursor_t){last.epoch, last.seq + 1} : (cursor_t){last.epoch - borrow, last.seq - 1};
    return true;
}

/* Walks one span of cursors, page by page. */
static store_result_t walk_span(redis_walk_t *self, cursor_t from, cursor_t to, char *error)
{
    bool forward = self->query->order == STORE_OLDEST_FIRST;
    text_t topic = self->query->topic;
    redis_link_t *link = &self->redis->link;
    while (!self->enough && self->left > 0 && cursor_compare(from, to) <= 0) {
        redisReply *page;
        cursor_t last = from, first = forward ? from : to, second = forward ? to : from;
        bool timed = self->query->after_ns != INT64_MIN || self->query->before_ns != INT64_MAX;
        unsigned long wanted = timed || self->left > PAGE ? PAGE : self->left;
        redis_link_send(link, "%s dataflow:trades:%b %lu-%lu %lu-%lu COUNT %lu", forward ? "XRANGE" : "XREVRANGE", topic.at,
                        topic.length, first.epoch, first.seq, second.epoch, second.seq, wanted);
        store_result_t result = redis_link_take(link, REDIS_REPLY_ARRAY, &page, error);
        if (result != STORE_OK)
            return result;
        bool more = page->elements == wanted;
        result = tell_page(self, page, &last, error);
        freeReplyObject(page);
        if (result != STORE_OK || !more || self->enough || self->left == 0)
            return result;
        if (!move_on(forward ? &from : &to, last, forward))
            break;
    }
    return STORE_OK;
}

store_result_t redis_read_page(redis_t *self, text_t topic, cursor_t *from, size_t count, store_trade_fn *each, void *arg,
                               bool *more, char *error)
{
    const store_query_t query = {topic, *from, {UINT64_MAX, UINT64_MAX}, INT64_MIN, INT64_MAX, STORE_OLDEST_FIRST, count};
    redis_walk_t walk = {self, &query, each, arg, count, false};
    redisReply *page;
    cursor_t last = *from;
    redis_link_send(&self->link, "XRANGE dataflow:trades:%b %lu-%lu + COUNT %lu", topic.at, topic.length, from->epoch,
                    from->seq, (unsigned long)count);
    store_result_t result = redis_link_take(&self->link, REDIS_REPLY_ARRAY, &page, error);
    if (result != STORE_OK)
        return result;
    *more = page->elements == count;
    if (page->elements > 0 && (result = tell_page(&walk, page, &last, error)) == STORE_OK)
        move_on(from, last, true);
    freeReplyObject(page);
    return result;
}

static cursor_t greater(cursor_t a, cursor_t b)
{
    return cursor_compare(a, b) > 0 ? a : b;
}

static cursor_t smaller(cursor_t a, cursor_t b)
{
    return cursor_compare(a, b) < 0 ? a : b;
}

static cursor_t block_first(const sorted_batch_block_t *block)
{
    return (cursor_t){block->epoch, block->number * SORTED_BATCH_BLOCK};
}

static cursor_t block_last(const sorted_batch_block_t *block)
{
    return (cursor_t){block->epoch, block->number * SORTED_BATCH_BLOCK + SORTED_BATCH_BLOCK - 1};
}

/* Only the blocks that may have the time. */
static store_result_t walk_blocks(redis_walk_t *self, char *error)
{
    const store_query_t *query = self->query;
    redis_blocks_t *blocks = &self->redis->blocks;
    store_result_t result = redis_blocks_read(blocks, &self->redis->link, query->topic, error);
    for (size_t i = 0; result == STORE_OK && i < blocks->count && !self->enough && self->left > 0; i++) {
        const sorted_batch_block_t *block = &blocks->at[query->order == STORE_OLDEST_FIRST ? i : blocks->count - 1 - i];
        if (block->greatest_ns > query->after_ns && block->least_ns < query->before_ns)
            result = walk_span(self, greater(query->from, block_first(block)), smaller(query->to, block_last(block)), error);
    }
    return result;
}

store_result_t redis_range(void *arg, const store_query_t *query, store_trade_fn *each, void *each_arg, char *error)
{
    redis_t *self = arg;
    redis_walk_t walk = {self, query, each, each_arg, query->limit, false};
    bool timed = query->after_ns != INT64_MIN || query->before_ns != INT64_MAX;
    store_result_t result = redis_link_ensure(&self->link, error);
    if (result != STORE_OK)
        return result;
    return timed ? walk_blocks(&walk, error) : walk_span(&walk, query->from, query->to, error);
}

store_result_t redis_old_of_block(redis_t *self, text_t topic, const sorted_batch_block_t *block, int64_t before_ns,
                                  store_trade_fn *each, void *arg, char *error)
{
    store_query_t query = {topic, block_first(block), block_last(block), INT64_MIN, before_ns, STORE_OLDEST_FIRST, UINT64_MAX};
    redis_walk_t walk = {self, &query, each, arg, query.limit, false};
    return walk_span(&walk, query.from, query.to, error);
}
