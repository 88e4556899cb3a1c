#include "cached/stores/sorted_batch.h"

#include <stdlib.h>

#include "common/array.h"
#include "common/table.h"

typedef struct {
    sorted_batch_stream_t stream;
    bool used; /* in this batch */
    char topic[];
} sorted_batch_entry_t;

struct sorted_batch {
    table_t *entries; /* every topic seen yet */
    sorted_batch_entry_t **used;
    size_t used_count, used_room;
    const store_trade_t **sorted;
    sorted_batch_entry_t **entry_of; /* of each trade */
    size_t capacity;
};

sorted_batch_t *sorted_batch_new(void)
{
    sorted_batch_t *self = calloc(1, sizeof *self);
    if (self && !(self->entries = table_new()))
        sorted_batch_destroy(&self);
    return self;
}

void sorted_batch_destroy(sorted_batch_t **self_ref)
{
    sorted_batch_t *self = *self_ref;
    if (!self)
        return;
    size_t at = 0;
    for (sorted_batch_entry_t *entry; self->entries && (entry = table_each(self->entries, &at));)
        free(entry);
    table_destroy(&self->entries);
    free(self->used);
    free(self->sorted);
    free(self->entry_of);
    free(self);
    *self_ref = NULL;
}

static sorted_batch_entry_t *entry_new(sorted_batch_t *self, text_t topic)
{
    sorted_batch_entry_t *entry = calloc(1, sizeof *entry + topic.length + 1);
    if (!entry)
        return NULL;
    memcpy(entry->topic, topic.at, topic.length);
    entry->stream.topic = (text_t){entry->topic, topic.length};
    if (table_put(self->entries, topic, entry))
        return entry;
    free(entry);
    return NULL;
}

/* The entry of a topic, which is used in this batch. */
static sorted_batch_entry_t *entry_use(sorted_batch_t *self, text_t topic)
{
    sorted_batch_entry_t *entry = table_get(self->entries, topic);
    if (!entry && !(entry = entry_new(self, topic)))
        return NULL;
    if (entry->used)
        return entry;
    if (!ARRAY_RESERVE(&self->used, &self->used_room, self->used_count + 1, ARRAY_UNBOUNDED))
        return NULL;
    entry->used = true;
    entry->stream.count = 0;
    self->used[self->used_count++] = entry;
    return entry;
}

static void forget_last(sorted_batch_t *self)
{
    for (size_t i = 0; i < self->used_count; i++)
        self->used[i]->used = false;
    self->used_count = 0;
}

static bool reserve(sorted_batch_t *self, size_t count)
{
    if (count <= self->capacity)
        return true;
    free(self->sorted);
    free(self->entry_of);
    self->sorted = calloc(count, sizeof *self->sorted);
    self->entry_of = calloc(count, sizeof *self->entry_of);
    self->capacity = self->sorted && self->entry_of ? count : 0;
    return self->capacity > 0;
}

/* Finds each trade's stream, and counts. */
static bool assign(sorted_batch_t *self, const store_trade_t *trades, size_t count)
{
    sorted_batch_entry_t *entry = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!entry || !text_equal(entry->stream.topic, trades[i].topic))
            entry = entry_use(self, trades[i].topic);
        if (!entry)
            return false;
        self->entry_of[i] = entry;
        entry->stream.count++;
    }
    return true;
}

bool sorted_batch_sort(sorted_batch_t *self, const store_trade_t *trades, size_t count)
{
    forget_last(self);
    if (!reserve(self, count) || !assign(self, trades, count)) {
        forget_last(self);
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; i < self->used_count; i++) {
        sorted_batch_stream_t *stream = &self->used[i]->stream;
        stream->trades = self->sorted + at;
        at += stream->count;
        stream->count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        sorted_batch_stream_t *stream = &self->entry_of[i]->stream;
        stream->trades[stream->count++] = &trades[i];
    }
    return true;
}

sorted_batch_stream_t *sorted_batch_stream(sorted_batch_t *self, size_t number)
{
    return number < self->used_count ? &self->used[number]->stream : NULL;
}

void sorted_batch_leave_out(sorted_batch_stream_t *stream, cursor_t place)
{
    size_t kept = 0;
    for (size_t i = 0; i < stream->count; i++) {
        const store_trade_t *trade = stream->trades[i];
        if (cursor_compare(trade->cursor, place) <= 0 || !batch_keeps(trade->cursor))
            continue;
        place = trade->cursor;
        stream->trades[kept++] = trade;
    }
    stream->count = kept;
    stream->end = place;
}

static int by_cursor(const void *a, const void *b)
{
    const store_trade_t *left = *(const store_trade_t *const *)a, *right = *(const store_trade_t *const *)b;
    return cursor_compare(left->cursor, right->cursor);
}

void sorted_batch_keep_old(sorted_batch_stream_t *stream, cursor_t place)
{
    size_t kept = 0;
    stream->end = place;
    if (stream->count > 0)
        qsort(stream->trades, stream->count, sizeof(const store_trade_t *), by_cursor);
    for (size_t i = 0; i < stream->count && cursor_compare(stream->trades[i]->cursor, place) <= 0; i++)
        if (kept == 0 || cursor_compare(stream->trades[kept - 1]->cursor, stream->trades[i]->cursor) < 0)
            stream->trades[kept++] = stream->trades[i];
    stream->count = kept;
}

static bool in_block(const sorted_batch_block_t *block, const store_trade_t *trade)
{
    return trade->cursor.epoch == block->epoch && trade->cursor.seq / SORTED_BATCH_BLOCK == block->number;
}

bool sorted_batch_block(const sorted_batch_stream_t *stream, size_t *at, sorted_batch_block_t *block)
{
    if (*at == stream->count)
        return false;
    const store_trade_t *trade = stream->trades[*at];
    *block = (sorted_batch_block_t){trade->cursor.epoch, trade->cursor.seq / SORTED_BATCH_BLOCK, trade->timestamp_ns,
                                    trade->timestamp_ns};
    for (; *at < stream->count && in_block(block, trade = stream->trades[*at]); (*at)++) {
        if (trade->timestamp_ns < block->least_ns)
            block->least_ns = trade->timestamp_ns;
        if (trade->timestamp_ns > block->greatest_ns)
            block->greatest_ns = trade->timestamp_ns;
    }
    return true;
}
