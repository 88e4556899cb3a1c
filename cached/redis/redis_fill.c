/* Trades put in between those that a stream has. Redis takes an entry at a stream's end only: the stream is copied, with what it lacks in its
 * place, page by page, while others go on; then what they appended meanwhile is copied, too, and the copy takes the stream's place, by a MULTI
 * that a WATCH lets through only when nobody appended after that, and nothing was dropped since the copy was begun.
 */
#include <stdio.h>

#include "cached/redis/redis_store.h"
#include "common/clock.h"

/* An interrupted copy is gone after COPY_S seconds. */
enum { PAGE = 2000, COPY_S = 600, COPY_NAME_MAX = 64 };

typedef struct {
    redis_t *redis;
    sorted_batch_stream_t *stream;
    char copy[COPY_NAME_MAX]; /* its key: no other import has it */
    size_t at, kept;          /* the stream's trades up to `at` are in the copy, or were there before; `kept` of them are new */
    cursor_t from;            /* copied up to before this */
    size_t sent;              /* commands that have not been answered */
    uint64_t copied;          /* trades in the copy */
} fill_t;

static void add(fill_t *self, cursor_t cursor, int64_t timestamp_ns, text_t json)
{
    redis_link_send(&self->redis->link, "XADD %s %lu-%lu time %ld json %b", self->copy, cursor.epoch, cursor.seq, timestamp_ns,
                    json.at, json.length);
    self->sent++;
    self->copied++;
}

static void add_new(fill_t *self)
{
    const store_trade_t *trade = self->stream->trades[self->at++];
    self->stream->trades[self->kept++] = trade;
    add(self, trade->cursor, trade->timestamp_ns, trade->json);
}

/* What the stream has, and before it what it lacks. */
static bool copy_trade(void *arg, const store_trade_t *trade)
{
    fill_t *self = arg;
    const sorted_batch_stream_t *stream = self->stream;
    int order = -1;
    while (self->at < stream->count && (order = cursor_compare(stream->trades[self->at]->cursor, trade->cursor)) < 0)
        add_new(self);
    self->at += self->at < stream->count && order == 0;
    add(self, trade->cursor, trade->timestamp_ns, trade->json);
    return true;
}

/* Copies to the stream's present end. */
static store_result_t copy_pages(fill_t *self, char *error)
{
    redis_link_t *link = &self->redis->link;
    store_result_t result = STORE_OK;
    for (bool more = true; result == STORE_OK && more;) {
        result = redis_read_page(self->redis, self->stream->topic, &self->from, PAGE, copy_trade, self, &more, error);
        if (result != STORE_OK)
            break;
        redis_link_send(link, "EXPIRE %s %d", self->copy, COPY_S);
        result = redis_link_drop(link, self->sent + 1, error);
        self->sent = 0;
    }
    return result;
}

/* The last page ended the stream: what is lacking still comes behind it. */
static store_result_t copy_rest(fill_t *self, char *error)
{
    store_result_t result = copy_pages(self, error);
    while (result == STORE_OK && self->at < self->stream->count)
        add_new(self);
    if (result == STORE_OK)
        result = redis_link_drop(&self->redis->link, self->sent, error);
    self->sent = 0;
    self->stream->count = self->kept;
    return result;
}

static store_result_t replace(fill_t *self, cursor_t place, bool *raced, char *error)
{
    redis_link_t *link = &self->redis->link;
    const redis_blocks_t *blocks = &self->redis->blocks;
    text_t topic = self->stream->topic;
    store_result_t result = redis_blocks_widen_stream(&self->redis->blocks, link, self->stream, error);
    if (result != STORE_OK)
        return result;
    redis_link_send(link, "MULTI");
    for (size_t i = 0; i < blocks->count; i++)
        redis_blocks_send(link, topic, &blocks->at[i]);
    if (self->redis->cap > 0)
        redis_link_send(link, "XTRIM %s MAXLEN %lu", self->copy, self->redis->cap);
    redis_link_send(link, "PERSIST %s", self->copy);
    redis_link_send(link, "RENAME %s dataflow:trades:%b", self->copy, topic.at, topic.length);
    redis_send_set_place(self->redis, topic, place); /* as it was: for others who watch it */
    redis_link_send(link, "EXEC");
    result = redis_link_drop(link, blocks->count + 4 + (self->redis->cap > 0), error);
    return result == STORE_OK ? redis_take_exec(self->redis, raced, error) : result;
}

static store_result_t get_place(redis_t *self, text_t topic, cursor_t *place, char *error)
{
    redis_send_get_place(self, topic);
    return redis_take_place(self, place, error);
}

/* What the cap would drop at once is not worth a copy. */
static store_result_t leave_out_capped(fill_t *self, char *error)
{
    redisReply *length;
    sorted_batch_stream_t *stream = self->stream;
    redis_link_t *link = &self->redis->link;
    redis_link_send(link, "XLEN dataflow:trades:%b", stream->topic.at, stream->topic.length);
    store_result_t result = redis_link_take(link, REDIS_REPLY_INTEGER, &length, error);
    if (result != STORE_OK)
        return result;
    bool full = self->redis->cap > 0 && (uint64_t)length->integer >= self->redis->cap;
    freeReplyObject(length);
    cursor_t first = {0, 0};
    if (full)
        result = redis_blocks_first(link, stream->topic, &first, error);
    size_t skipped = 0;
    while (skipped < stream->count && cursor_compare(stream->trades[skipped]->cursor, first) <= 0)
        skipped++;
    stream->trades += skipped;
    stream->count -= skipped;
    return result;
}

static store_result_t fill_once(fill_t *self, bool *raced, char *error)
{
    redis_link_t *link = &self->redis->link;
    text_t topic = self->stream->topic;
    cursor_t place;
    self->at = self->kept = self->copied = 0;
    self->from = (cursor_t){0, 0};
    redis_link_send(link, "WATCH dataflow:dropped");
    redis_link_send(link, "UNLINK %s", self->copy);
    store_result_t result = redis_link_drop(link, 2, error);
    if (result == STORE_OK)
        result = get_place(self->redis, topic, &place, error);
    if (result == STORE_OK)
        sorted_batch_keep_old(self->stream, place);
    if (result == STORE_OK)
        result = leave_out_capped(self, error);
    if (result == STORE_OK && self->stream->count > 0) {
        result = copy_pages(self, error);
        redis_link_send(link, "WATCH dataflow:places");
        if (result == STORE_OK)
            result = redis_link_drop(link, 1, error);
        if (result == STORE_OK)
            result = get_place(self->redis, topic, &place, error);
        if (result == STORE_OK)
            result = copy_rest(self, error);
    }
    if (result != STORE_OK)
        return result;
    if (self->stream->count > 0)
        return replace(self, place, raced, error);
    redis_link_send(link, "UNWATCH");
    redis_link_send(link, "UNLINK %s", self->copy);
    return redis_link_drop(link, 2, error);
}

/* How many of the new ones the cap has left. */
static store_result_t count_filled(fill_t *self, uint64_t *filled, char *error)
{
    cursor_t first = {0, 0};
    const sorted_batch_stream_t *stream = self->stream;
    store_result_t result = redis_blocks_first(&self->redis->link, stream->topic, &first, error);
    for (size_t i = 0; result == STORE_OK && i < stream->count; i++)
        *filled += cursor_compare(stream->trades[i]->cursor, first) >= 0;
    if (result == STORE_OK && self->redis->cap > 0 && stream->count > 0)
        result = redis_blocks_prune(&self->redis->blocks, &self->redis->link, stream->topic, error);
    return result;
}

store_result_t redis_fill(void *arg, const store_trade_t *trades, size_t count, uint64_t *filled, char *error)
{
    redis_t *self = arg;
    fill_t fill = {.redis = self};
    *filled = 0;
    snprintf(fill.copy, sizeof fill.copy, "dataflow:fill:%lx:%p", (unsigned long)clock_real_ns(), arg);
    if (!sorted_batch_sort(self->batch, trades, count)) {
        snprintf(error, STORE_ERROR_MAX, "redis: out of memory");
        return STORE_AWAY;
    }
    store_result_t result = redis_link_ensure(&self->link, error);
    for (size_t i = 0; result == STORE_OK && (fill.stream = sorted_batch_stream(self->batch, i)); i++) {
        bool raced = true;
        for (int race = 0; result == STORE_OK && raced && race < REDIS_RACES; race++) {
            raced = false;
            result = fill_once(&fill, &raced, error);
        }
        if (result == STORE_OK)
            result = raced ? redis_lost_races(error) : count_filled(&fill, filled, error);
    }
    return result;
}
