/* Trades in memory, gone when the handle is closed: what the other kinds are compared with. */
#include <stdio.h>
#include <stdlib.h>

#include "cached/stores/sorted_batch.h"
#include "common/array.h"
#include "common/table.h"

typedef struct {
    cursor_t cursor;
    int64_t timestamp_ns;
    char *json; /* owned */
    size_t length;
} memory_row_t;

typedef struct {
    cursor_t place;
    memory_row_t *rows; /* by cursor */
    size_t count, room;
    size_t topic_length;
    char topic[];
} memory_stream_t;

typedef struct {
    table_t *streams;
    sorted_batch_t *batch;
} memory_t;

static store_result_t no_memory(char *error)
{
    snprintf(error, STORE_ERROR_MAX, "memory: out of memory");
    return STORE_AWAY;
}

static memory_stream_t *stream_of(memory_t *self, text_t topic)
{
    memory_stream_t *stream = table_get(self->streams, topic);
    if (stream || !(stream = calloc(1, sizeof *stream + topic.length)))
        return stream;
    memcpy(stream->topic, topic.at, topic.length);
    stream->topic_length = topic.length;
    if (table_put(self->streams, topic, stream))
        return stream;
    free(stream);
    return NULL;
}

static void drop_row(memory_stream_t *stream, size_t number)
{
    free(stream->rows[number].json);
    stream->rows[number].json = NULL;
}

/* Drops the rows that match no more: those without a text. Returns how many they were. */
static uint64_t sweep(memory_stream_t *stream)
{
    size_t kept = 0;
    for (size_t i = 0; i < stream->count; i++)
        if (stream->rows[i].json)
            stream->rows[kept++] = stream->rows[i];
    uint64_t dropped = stream->count - kept;
    stream->count = kept;
    return dropped;
}

static bool push(memory_stream_t *stream, const store_trade_t *trade)
{
    if (!ARRAY_RESERVE(&stream->rows, &stream->room, stream->count + 1, ARRAY_UNBOUNDED))
        return false;
    memory_row_t *row = &stream->rows[stream->count];
    *row = (memory_row_t){trade->cursor, trade->timestamp_ns, malloc(trade->json.length + 1), trade->json.length};
    if (!row->json)
        return false;
    memcpy(row->json, trade->json.at, trade->json.length);
    stream->count++;
    return true;
}

static bool push_all(memory_t *self)
{
    sorted_batch_stream_t *of;
    for (size_t i = 0; (of = sorted_batch_stream(self->batch, i)); i++) {
        memory_stream_t *stream = stream_of(self, of->topic);
        if (!stream)
            return false;
        sorted_batch_leave_out(of, stream->place);
        for (size_t k = 0; k < of->count; k++)
            if (!push(stream, of->trades[k]))
                return false;
    }
    return true;
}

/* All or nothing: either the places move to the rows' end, or the rows behind the places go. */
static void settle(memory_t *self, bool stored)
{
    sorted_batch_stream_t *of;
    for (size_t i = 0; (of = sorted_batch_stream(self->batch, i)); i++) {
        memory_stream_t *stream = table_get(self->streams, of->topic);
        if (stored && of->count > 0)
            stream->place = of->end;
        while (!stored && stream && stream->count > 0 &&
               cursor_compare(stream->rows[stream->count - 1].cursor, stream->place) > 0)
            drop_row(stream, --stream->count);
    }
}

static store_result_t memory_append(void *arg, const store_trade_t *trades, size_t count, char *error)
{
    memory_t *self = arg;
    if (!sorted_batch_sort(self->batch, trades, count))
        return no_memory(error);
    bool stored = push_all(self);
    settle(self, stored);
    return stored ? STORE_OK : no_memory(error);
}

/* How many rows are before a cursor, and whether one has it. */
static size_t find_row(const memory_stream_t *stream, cursor_t cursor, bool *there)
{
    size_t low = 0, high = stream->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cursor_compare(stream->rows[middle].cursor, cursor) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *there = low < stream->count && cursor_compare(stream->rows[low].cursor, cursor) == 0;
    return low;
}

static bool insert(memory_stream_t *stream, const store_trade_t *trade, uint64_t *filled)
{
    bool there;
    size_t at = find_row(stream, trade->cursor, &there);
    if (there)
        return true;
    if (!push(stream, trade))
        return false;
    memory_row_t row = stream->rows[stream->count - 1];
    memmove(&stream->rows[at + 1], &stream->rows[at], (stream->count - 1 - at) * sizeof row);
    stream->rows[at] = row;
    (*filled)++;
    return true;
}

/* Memory that runs out is the one failure: then each trade that is there is there wholly. */
static store_result_t memory_fill(void *arg, const store_trade_t *trades, size_t count, uint64_t *filled, char *error)
{
    memory_t *self = arg;
    sorted_batch_stream_t *of;
    *filled = 0;
    if (!sorted_batch_sort(self->batch, trades, count))
        return no_memory(error);
    for (size_t i = 0; (of = sorted_batch_stream(self->batch, i)); i++) {
        memory_stream_t *stream = table_get(self->streams, of->topic);
        sorted_batch_keep_old(of, stream ? stream->place : (cursor_t){0, 0});
        for (size_t k = 0; stream && k < of->count; k++)
            if (!insert(stream, of->trades[k], filled))
                return no_memory(error);
    }
    return STORE_OK;
}

static store_result_t memory_skip(void *arg, text_t topic, cursor_t place, char *error)
{
    if (!batch_keeps(place))
        return STORE_OK;
    memory_stream_t *stream = stream_of(arg, topic);
    if (!stream)
        return no_memory(error);
    if (cursor_compare(place, stream->place) > 0)
        stream->place = place;
    return STORE_OK;
}

static store_result_t memory_load(void *arg, store_stream_fn *each, void *each_arg, char *error)
{
    (void)error;
    const memory_t *self = arg;
    size_t at = 0;
    for (const memory_stream_t *stream; (stream = table_each(self->streams, &at));) {
        store_stream_t told = {{stream->topic, stream->topic_length}, stream->place, stream->count};
        bool has_place = stream->place.epoch > 0 || stream->place.seq > 0;
        if (has_place && !each(each_arg, &told))
            break;
    }
    return STORE_OK;
}

static bool wanted(const memory_row_t *row, const store_query_t *query)
{
    return cursor_compare(row->cursor, query->from) >= 0 && cursor_compare(row->cursor, query->to) <= 0 &&
           row->timestamp_ns > query->after_ns && row->timestamp_ns < query->before_ns;
}

static store_result_t memory_range(void *arg, const store_query_t *query, store_trade_fn *each, void *each_arg, char *error)
{
    (void)error;
    const memory_t *self = arg;
    const memory_stream_t *stream = table_get(self->streams, query->topic);
    uint64_t told = 0;
    for (size_t i = 0; stream && i < stream->count && told < query->limit; i++) {
        const memory_row_t *row = &stream->rows[query->order == STORE_OLDEST_FIRST ? i : stream->count - 1 - i];
        if (!wanted(row, query))
            continue;
        told++;
        if (!each(each_arg, &(store_trade_t){query->topic, row->cursor, row->timestamp_ns, {row->json, row->length}}))
            break;
    }
    return STORE_OK;
}

static store_result_t memory_retain(void *arg, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error)
{
    (void)error;
    memory_t *self = arg;
    memory_stream_t *stream = table_get(self->streams, topic);
    for (size_t i = 0; stream && i < stream->count; i++)
        if (stream->count - i > keep || stream->rows[i].timestamp_ns < before_ns)
            drop_row(stream, i);
    *dropped = stream ? sweep(stream) : 0;
    return STORE_OK;
}

static store_result_t memory_clear(void *arg, text_t topic, uint64_t *cleared, char *error)
{
    return memory_retain(arg, topic, 0, INT64_MIN, cleared, error);
}

static void memory_close(void *arg)
{
    memory_t *self = arg;
    if (!self)
        return;
    size_t at = 0;
    for (memory_stream_t *stream; self->streams && (stream = table_each(self->streams, &at));) {
        while (stream->count > 0)
            drop_row(stream, --stream->count);
        free(stream->rows);
        free(stream);
    }
    table_destroy(&self->streams);
    sorted_batch_destroy(&self->batch);
    free(self);
}

static store_result_t memory_open(const char *url, void **self_ref, char *error)
{
    (void)url;
    *self_ref = NULL;
    memory_t *self = calloc(1, sizeof *self);
    if (!self || !(self->streams = table_new()) || !(self->batch = sorted_batch_new())) {
        memory_close(self);
        return no_memory(error);
    }
    *self_ref = self;
    return STORE_OK;
}

const store_kind_t store_memory = {
    .scheme = "memory",
    .open = memory_open,
    .close = memory_close,
    .read = {.load = memory_load, .range = memory_range},
    .write =
        {
            .append = memory_append,
            .fill = memory_fill,
            .skip = memory_skip,
            .retain = memory_retain,
            .expire = store_expires_nothing,
            .clear = memory_clear,
        },
};
