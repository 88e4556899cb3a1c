#include "connectord/journal/stream_table.h"

#include "common/array.h"

#include <stdlib.h>

bool stream_table_open(stream_table_t *self)
{
    *self = (stream_table_t){.topics = table_new()};
    return self->topics != NULL;
}

void stream_table_release(stream_table_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        stream_index_release(&self->streams[i]->index);
        free(self->streams[i]);
    }
    free(self->streams);
    table_destroy(&self->topics);
    *self = (stream_table_t){0};
}

journal_stream_t *stream_table_add(stream_table_t *self, text_t topic)
{
    journal_stream_t *stream = calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    KEEP_TEXT(&stream->topic, topic);
    stream->number = (uint32_t)self->count;
    stream->index = stream_index_new();
    if (!ARRAY_RESERVE(&self->streams, &self->room, self->count + 1, ARRAY_UNBOUNDED) ||
        !table_put(self->topics, journal_topic(stream), stream)) {
        free(stream);
        return NULL;
    }
    self->streams[self->count++] = stream;
    self->bytes += segment_record_bytes(topic.length);
    return stream;
}

static record_taken_t take_stream(stream_table_t *self, const segment_record_t *record)
{
    text_t symbol, source;
    journal_stream_t *stream = record->stream < self->count ? self->streams[record->stream] : NULL;
    if (stream && !text_equal(journal_topic(stream), record->payload))
        return RECORD_SENSELESS;
    if (!stream && (record->stream != self->count || !topic_parse(record->payload, &symbol, &source) ||
                    table_get(self->topics, record->payload)))
        return RECORD_SENSELESS;
    if (!stream && !(stream = stream_table_add(self, record->payload)))
        return RECORD_NO_MEMORY;
    return stream_index_skip(&stream->index, record->seq + 1) ? RECORD_TAKEN : RECORD_NO_MEMORY;
}

static record_taken_t take_trade(stream_table_t *self, const segment_record_t *record, uint64_t position)
{
    if (record->stream >= self->count)
        return RECORD_SENSELESS;
    stream_index_t *index = &self->streams[record->stream]->index;
    if (record->seq < index->next)
        return RECORD_SENSELESS;
    if (!stream_index_skip(index, record->seq) || !stream_index_reserve(index))
        return RECORD_NO_MEMORY;
    stream_index_push(index, position);
    return RECORD_TAKEN;
}

record_taken_t stream_table_take(stream_table_t *self, const segment_record_t *record, uint64_t position)
{
    if (record->seq == UINT64_MAX) /* there is no seq behind it */
        return RECORD_SENSELESS;
    return record->kind == SEGMENT_STREAM ? take_stream(self, record) : take_trade(self, record, position);
}

bool stream_table_fill(stream_table_t *self, const segment_record_t *record, uint64_t position)
{
    if (record->stream >= self->count)
        return false;
    journal_stream_t *stream = self->streams[record->stream];
    if (record->kind == SEGMENT_STREAM)
        return text_equal(journal_topic(stream), record->payload);
    if (record->seq < stream->index.first || record->seq >= stream->index.next || stream_index_at(&stream->index, record->seq))
        return false;
    stream_index_fill(&stream->index, record->seq, position);
    return true;
}

void stream_table_write(const stream_table_t *self, segment_t *segment)
{
    for (size_t i = 0; i < self->count; i++) {
        const journal_stream_t *stream = self->streams[i];
        segment_append(segment, SEGMENT_STREAM, stream->number, journal_last(stream), journal_topic(stream));
    }
}

void stream_table_drop_below(stream_table_t *self, uint64_t position)
{
    for (size_t i = 0; i < self->count; i++)
        stream_index_drop_below(&self->streams[i]->index, position);
}
