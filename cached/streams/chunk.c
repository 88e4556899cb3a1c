#include "cached/streams/chunk.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    cursor_t cursor;
    int64_t timestamp_ns;
    size_t offset, length;
} chunk_entry_t;

struct chunk {
    kept_topic_t topic;
    store_query_t query;
    buffer_t texts;
    buffer_t entries; /* of chunk_entry_t */
    bool full, failed;
};

chunk_t *chunk_new(void)
{
    chunk_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->texts = buffer_new(CHUNK_BYTES);
    self->entries = buffer_new(0);
    return self;
}

void chunk_destroy(chunk_t **self)
{
    chunk_t *chunk = *self;
    if (!chunk)
        return;
    buffer_release(&chunk->texts);
    buffer_release(&chunk->entries);
    free(chunk);
    *self = NULL;
}

void chunk_want(chunk_t *self, const store_query_t *query)
{
    buffer_clear(&self->texts);
    buffer_clear(&self->entries);
    self->full = self->failed = false;
    self->query = *query;
    KEEP_TEXT(&self->topic, query->topic);
    self->query.topic = KEPT_TEXT(&self->topic);
}

const store_query_t *chunk_query(const chunk_t *self)
{
    return &self->query;
}

bool chunk_take(void *arg, const store_trade_t *trade)
{
    chunk_t *self = arg;
    chunk_entry_t entry = {trade->cursor, trade->timestamp_ns, self->texts.length, trade->json.length};
    buffer_append(&self->texts, trade->json);
    if (buffer_ok(&self->texts)) /* else the trade is not here */
        buffer_append(&self->entries, (text_t){(const char *)&entry, sizeof entry});
    self->full = !buffer_ok(&self->texts) || !buffer_ok(&self->entries);
    return !self->full;
}

void chunk_end(chunk_t *self, store_result_t result)
{
    self->failed = result != STORE_OK || (self->full && chunk_count(self) == 0); /* no memory, not even for one */
}

size_t chunk_count(const chunk_t *self)
{
    return self->entries.length / sizeof(chunk_entry_t);
}

store_trade_t chunk_at(const chunk_t *self, size_t number)
{
    assert(number < chunk_count(self));
    chunk_entry_t entry;
    memcpy(&entry, self->entries.bytes + number * sizeof entry, sizeof entry);
    return (store_trade_t){
        .cursor = entry.cursor, .timestamp_ns = entry.timestamp_ns, .json = {self->texts.bytes + entry.offset, entry.length}};
}

bool chunk_complete(const chunk_t *self)
{
    return !self->failed && !self->full && chunk_count(self) < self->query.limit;
}

bool chunk_failed(const chunk_t *self)
{
    return self->failed;
}
