/* Trades in Redis: a stream for each of ours, whose entries' ids are the cursors, so that Redis itself keeps them in order. For the latest
 * trades, shared by many: each stream is capped (`?trades=N`). What a call changes is changed by one MULTI, which a WATCH of the places
 * lets through only when no other writer came between; else the call begins again.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cached/redis/redis_store.h"

/* RETAIN_STEP: trades that one call of retain drops, about. */
enum { DEFAULT_CAP = 100000, RETAIN_STEP = 20000 };

/* --- transactions --- */

typedef struct {
    text_t topic;
    cursor_t place;
    uint64_t keep;
    int64_t before_ns;
    uint64_t dropped; /* by the last attempt */
    bool found;       /* a block with something too old */
} change_t;

/* Looks at what is there, under WATCH, then sends MULTI, commands and EXEC. *sent: how many commands between them; 0: nothing to do, and
 * nothing was sent. */
typedef store_result_t attempt_fn(redis_t *self, change_t *change, size_t *sent, char *error);

store_result_t redis_take_exec(redis_t *self, bool *raced, char *error)
{
    redisReply *reply;
    store_result_t result = redis_link_take(&self->link, REDIS_REPLY_ARRAY, &reply, error);
    if (result != STORE_OK)
        return result;
    *raced = reply->type == REDIS_REPLY_NIL;
    for (size_t i = 0; result == STORE_OK && i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_ERROR)
            result = redis_link_refused(&self->link, reply->element[i], error);
    freeReplyObject(reply);
    return result;
}

store_result_t redis_lost_races(char *error)
{
    snprintf(error, STORE_ERROR_MAX, "redis: other writers came first, %d times", REDIS_RACES);
    return STORE_AWAY;
}

static store_result_t attempt_once(redis_t *self, attempt_fn *attempt, change_t *change, bool *raced, char *error)
{
    size_t sent = 0;
    redis_link_send(&self->link, "WATCH dataflow:places");
    store_result_t result = redis_link_drop(&self->link, 1, error);
    *raced = false;
    if (result == STORE_OK)
        result = attempt(self, change, &sent, error);
    if (result != STORE_OK)
        return result;
    if (sent == 0) {
        redis_link_send(&self->link, "UNWATCH");
        return redis_link_drop(&self->link, 1, error);
    }
    redis_link_send(&self->link, "EXEC");
    result = redis_link_drop(&self->link, sent + 1, error);
    return result == STORE_OK ? redis_take_exec(self, raced, error) : result;
}

static store_result_t change_with(redis_t *self, attempt_fn *attempt, change_t *change, char *error)
{
    bool raced = true;
    store_result_t result = redis_link_ensure(&self->link, error);
    for (int i = 0; result == STORE_OK && raced && i < REDIS_RACES; i++)
        result = attempt_once(self, attempt, change, &raced, error);
    return result == STORE_OK && raced ? redis_lost_races(error) : result;
}

/* --- append, skip --- */

void redis_send_get_place(redis_t *self, text_t topic)
{
    redis_link_send(&self->link, "HGET dataflow:places %b", topic.at, topic.length);
}

store_result_t redis_take_place(redis_t *self, cursor_t *place, char *error)
{
    redisReply *reply;
    *place = (cursor_t){0, 0};
    store_result_t result = redis_link_take(&self->link, REDIS_REPLY_STRING, &reply, error);
    if (result != STORE_OK)
        return result;
    if (reply->type == REDIS_REPLY_STRING && !cursor_parse((text_t){reply->str, reply->len}, place))
        result = redis_link_odd(&self->link, "an invalid place", error);
    freeReplyObject(reply);
    return result;
}

void redis_send_set_place(redis_t *self, text_t topic, cursor_t place)
{
    redis_link_send(&self->link, "HSET dataflow:places %b %lu-%lu", topic.at, topic.length, place.epoch, place.seq);
}

/* *left: how many trades are new. */
static store_result_t leave_out_known(redis_t *self, size_t *left, char *error)
{
    sorted_batch_stream_t *stream;
    store_result_t result = STORE_OK;
    *left = 0;
    for (size_t i = 0; (stream = sorted_batch_stream(self->batch, i)); i++)
        redis_send_get_place(self, stream->topic);
    for (size_t i = 0; result == STORE_OK && (stream = sorted_batch_stream(self->batch, i)); i++) {
        cursor_t place;
        result = redis_take_place(self, &place, error);
        if (result == STORE_OK)
            sorted_batch_leave_out(stream, place);
        *left += stream->count;
    }
    return result;
}

static size_t send_stream(redis_t *self, const sorted_batch_stream_t *stream)
{
    text_t topic = stream->topic;
    for (size_t i = 0; i < stream->count; i++) {
        const store_trade_t *trade = stream->trades[i];
        redis_link_send(&self->link, "XADD dataflow:trades:%b %lu-%lu time %ld json %b", topic.at, topic.length,
                        trade->cursor.epoch, trade->cursor.seq, trade->timestamp_ns, trade->json.at, trade->json.length);
    }
    redis_send_set_place(self, topic, stream->end);
    if (self->cap > 0)
        redis_link_send(&self->link, "XTRIM dataflow:trades:%b MAXLEN %lu", topic.at, topic.length, self->cap);
    return stream->count + 1 + (self->cap > 0);
}

static store_result_t attempt_append(redis_t *self, change_t *change, size_t *sent, char *error)
{
    (void)change;
    size_t left;
    const sorted_batch_stream_t *stream;
    sorted_batch_block_t block;
    store_result_t result = leave_out_known(self, &left, error);
    if (result == STORE_OK && left > 0)
        result = redis_blocks_widen(&self->blocks, &self->link, self->batch, error);
    if (result != STORE_OK || left == 0)
        return result;
    redis_link_send(&self->link, "MULTI");
    size_t number = 0;
    for (size_t i = 0; (stream = sorted_batch_stream(self->batch, i)); i++) {
        if (stream->count > 0)
            *sent += send_stream(self, stream);
        for (size_t at = 0; sorted_batch_block(stream, &at, &block); (*sent)++)
            redis_blocks_send(&self->link, stream->topic, &self->blocks.at[number++]);
    }
    return STORE_OK;
}

/* Whenever a block was begun, so that those of trades that the cap dropped don't pile up. */
static store_result_t prune_batch(redis_t *self, char *error)
{
    const sorted_batch_stream_t *stream;
    store_result_t result = STORE_OK;
    for (size_t i = 0; result == STORE_OK && (stream = sorted_batch_stream(self->batch, i)); i++)
        if (stream->count > 0)
            result = redis_blocks_prune(&self->blocks, &self->link, stream->topic, error);
    return result;
}

static store_result_t redis_append(void *arg, const store_trade_t *trades, size_t count, char *error)
{
    redis_t *self = arg;
    if (!sorted_batch_sort(self->batch, trades, count)) {
        snprintf(error, STORE_ERROR_MAX, "redis: out of memory");
        return STORE_AWAY;
    }
    self->blocks.fresh = false;
    store_result_t result = change_with(self, attempt_append, &(change_t){0}, error);
    return result == STORE_OK && self->blocks.fresh && self->cap > 0 ? prune_batch(self, error) : result;
}

static store_result_t attempt_skip(redis_t *self, change_t *change, size_t *sent, char *error)
{
    cursor_t place;
    redis_send_get_place(self, change->topic);
    store_result_t result = redis_take_place(self, &place, error);
    if (result != STORE_OK || cursor_compare(change->place, place) <= 0)
        return result;
    redis_link_send(&self->link, "MULTI");
    redis_send_set_place(self, change->topic, change->place);
    *sent = 1;
    return STORE_OK;
}

static store_result_t redis_skip(void *arg, text_t topic, cursor_t place, char *error)
{
    return batch_keeps(place) ? change_with(arg, attempt_skip, &(change_t){.topic = topic, .place = place}, error) : STORE_OK;
}

/* --- retain, clear --- */

/* For who is copying a stream meanwhile (redis_fill.c), and watches this. */
static void send_dropped(redis_t *self)
{
    redis_link_send(&self->link, "INCR dataflow:dropped");
}

typedef struct {
    cursor_t cursors[SORTED_BATCH_BLOCK];
    size_t count;
} old_t;

static bool note_old(void *arg, const store_trade_t *trade)
{
    old_t *old = arg;
    old->cursors[old->count++] = trade->cursor;
    return old->count < SORTED_BATCH_BLOCK;
}

static const sorted_batch_block_t *find_old(const redis_blocks_t *blocks, int64_t before_ns)
{
    for (size_t i = 0; i < blocks->count; i++)
        if (blocks->at[i].least_ns < before_ns)
            return &blocks->at[i];
    return NULL;
}

/* Drops what is too old of the first block that has such; then nothing in it is known to be older. */
static store_result_t attempt_drop_old(redis_t *self, change_t *change, size_t *sent, char *error)
{
    text_t topic = change->topic;
    old_t old = {.count = 0};
    store_result_t result = redis_blocks_read(&self->blocks, &self->link, topic, error);
    const sorted_batch_block_t *found = result == STORE_OK ? find_old(&self->blocks, change->before_ns) : NULL;
    change->found = found != NULL;
    change->dropped = 0;
    if (!found)
        return result;
    sorted_batch_block_t block = *found;
    if ((result = redis_old_of_block(self, topic, &block, change->before_ns, note_old, &old, error)) != STORE_OK)
        return result;
    redis_link_send(&self->link, "MULTI");
    for (size_t i = 0; i < old.count; i++)
        redis_link_send(&self->link, "XDEL dataflow:trades:%b %lu-%lu", topic.at, topic.length, old.cursors[i].epoch,
                        old.cursors[i].seq);
    if (block.greatest_ns < change->before_ns)
        redis_link_send(&self->link, "HDEL dataflow:blocks:%b %lu-%lu", topic.at, topic.length, block.epoch, block.number);
    block.least_ns = change->before_ns;
    if (block.greatest_ns >= change->before_ns)
        redis_blocks_send(&self->link, topic, &block);
    send_dropped(self);
    *sent = old.count + 2;
    change->dropped = old.count;
    return STORE_OK;
}

static store_result_t ask_number(redis_t *self, uint64_t *number, char *error)
{
    redisReply *reply;
    store_result_t result = redis_link_take(&self->link, REDIS_REPLY_INTEGER, &reply, error);
    *number = result == STORE_OK ? (uint64_t)reply->integer : 0;
    freeReplyObject(reply);
    return result;
}

static store_result_t count_trades(redis_t *self, text_t topic, uint64_t *count, char *error)
{
    redis_link_send(&self->link, "XLEN dataflow:trades:%b", topic.at, topic.length);
    return ask_number(self, count, error);
}

/* The answers to what a transaction did, of which the second is a number. */
static store_result_t take_trimmed(redis_t *self, uint64_t *dropped, char *error)
{
    redisReply *reply;
    store_result_t result = redis_link_take(&self->link, REDIS_REPLY_ARRAY, &reply, error);
    if (result != STORE_OK)
        return result;
    const redisReply *trimmed = reply->elements == 2 ? reply->element[1] : NULL;
    if (trimmed && trimmed->type == REDIS_REPLY_INTEGER)
        *dropped = (uint64_t)trimmed->integer;
    else
        result = redis_link_odd(&self->link, "a trim that failed", error);
    freeReplyObject(reply);
    return result;
}

static store_result_t drop_by_count(redis_t *self, text_t topic, uint64_t keep, uint64_t *dropped, char *error)
{
    uint64_t count = 0;
    store_result_t result = redis_link_ensure(&self->link, error);
    if (result == STORE_OK)
        result = count_trades(self, topic, &count, error);
    if (result != STORE_OK || count <= keep)
        return result;
    uint64_t left = count - keep > RETAIN_STEP ? count - RETAIN_STEP : keep;
    redis_link_send(&self->link, "MULTI");
    send_dropped(self);
    redis_link_send(&self->link, "XTRIM dataflow:trades:%b MAXLEN %lu", topic.at, topic.length, left);
    redis_link_send(&self->link, "EXEC");
    result = redis_link_drop(&self->link, 3, error);
    if (result == STORE_OK)
        result = take_trimmed(self, dropped, error);
    return result == STORE_OK ? redis_blocks_prune(&self->blocks, &self->link, topic, error) : result;
}

static store_result_t redis_retain(void *arg, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error)
{
    redis_t *self = arg;
    change_t change = {.topic = topic, .before_ns = before_ns, .found = true};
    *dropped = 0;
    store_result_t result = drop_by_count(self, topic, keep, dropped, error);
    while (result == STORE_OK && change.found && *dropped < RETAIN_STEP) {
        result = change_with(self, attempt_drop_old, &change, error);
        *dropped += result == STORE_OK ? change.dropped : 0;
    }
    return result;
}

static store_result_t attempt_clear(redis_t *self, change_t *change, size_t *sent, char *error)
{
    text_t topic = change->topic;
    store_result_t result = count_trades(self, topic, &change->dropped, error);
    if (result != STORE_OK)
        return result;
    redis_link_send(&self->link, "MULTI");
    send_dropped(self);
    redis_link_send(&self->link, "UNLINK dataflow:trades:%b dataflow:blocks:%b", topic.at, topic.length, topic.at,
                    topic.length);
    *sent = 2;
    return STORE_OK;
}

static store_result_t redis_clear(void *arg, text_t topic, uint64_t *cleared, char *error)
{
    change_t change = {.topic = topic};
    store_result_t result = change_with(arg, attempt_clear, &change, error);
    *cleared = result == STORE_OK ? change.dropped : 0;
    return result;
}

/* --- open, close --- */

static void redis_close(void *arg)
{
    redis_t *self = arg;
    if (!self)
        return;
    redis_link_close(&self->link);
    redis_blocks_release(&self->blocks);
    sorted_batch_destroy(&self->batch);
    free(self);
}

static const char *parse(redis_t *self, const char *url)
{
    const char *wrong = store_url_parse(&self->link.url, url);
    self->cap = DEFAULT_CAP;
    if (!wrong && !store_url_number(&self->link.url, "trades", &self->cap))
        wrong = "expected a number after ?trades=";
    return wrong;
}

static store_result_t redis_open(const char *url, void **self_ref, char *error)
{
    *self_ref = NULL;
    redis_t *self = calloc(1, sizeof *self);
    store_result_t result = STORE_AWAY;
    snprintf(error, STORE_ERROR_MAX, "redis: out of memory");
    if (self && (self->batch = sorted_batch_new())) {
        const char *wrong = parse(self, url);
        result = wrong ? STORE_REFUSED : redis_link_ensure(&self->link, error);
        if (wrong)
            snprintf(error, STORE_ERROR_MAX, "redis: %s", wrong);
    }
    if (result != STORE_OK) {
        redis_close(self);
        return result;
    }
    *self_ref = self;
    return STORE_OK;
}

const store_kind_t store_redis = {
    .scheme = "redis",
    .open = redis_open,
    .close = redis_close,
    .read = {.load = redis_load, .range = redis_range},
    .write =
        {
            .append = redis_append,
            .fill = redis_fill,
            .skip = redis_skip,
            .retain = redis_retain,
            .expire = store_expires_nothing,
            .clear = redis_clear,
        },
};
