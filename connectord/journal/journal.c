/* What is done with an open journal: trades are appended to the newest segment in small batches, and read wherever they lie. */
#include "connectord/journal/journal.h"

#include "common/array.h"
#include "common/clock.h"
#include "common/log.h"
#include "connectord/journal/journal_state.h"
#include "proto/record.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static_assert((int)SEGMENT_PAYLOAD_MAX >= (int)RECORD_MAX, "a record of any channel fits");

enum { READ_ON_BYTES = 1 << 20 };

segment_t *journal_newest(const journal_t *self)
{
    return self->count ? self->segments[self->count - 1] : NULL;
}

bool journal_add_segment(journal_t *self, segment_t *segment)
{
    if (!ARRAY_RESERVE(&self->segments, &self->room, self->count + 1, ARRAY_UNBOUNDED))
        return false;
    self->segments[self->count++] = segment;
    self->mapped_bytes += segment_bytes(segment);
    self->next_number = segment_number(segment) + 1;
    return true;
}

/* Nothing more is asked of the backlog then. */
void journal_read_all(journal_t *self)
{
    while (journal_read_on(self))
        ;
    backlog_release(&self->backlog);
}

/* Room for a record in the newest segment. */
static bool journal_reserve(journal_t *self, size_t payload_length)
{
    segment_t *newest = journal_newest(self);
    return (newest && segment_has_room(newest, payload_length)) || journal_roll(self);
}

void journal_close_segments(journal_t *self)
{
    backlog_release(&self->backlog);
    while (self->count > 0)
        segment_close(&self->segments[--self->count]);
    self->mapped_bytes = 0;
}

uint64_t journal_epoch(const journal_t *self)
{
    return self->epoch;
}

const char *journal_began(const journal_t *self)
{
    static const char *const names[] = {[JOURNAL_GOES_ON] = "before",
                                        [JOURNAL_IS_NEW] = "new",
                                        [JOURNAL_END_LOST] = "end_lost",
                                        [JOURNAL_IS_COPY] = "copy",
                                        [JOURNAL_RENEWED] = "follower_ahead"};
    return names[self->began];
}

journal_stream_t *journal_stream(journal_t *self, text_t topic)
{
    assert(topic.length > 0 && topic.length <= TOPIC_MAX);
    journal_stream_t *stream = journal_find(self, topic);
    if (stream)
        return stream;
    if (self->streams.bytes + segment_record_bytes(topic.length) > self->segment_bytes / 2) {
        log_error("journal: connectord.journal.bytes is too small for so many streams", LOG_SLICE("topic", topic));
        return NULL;
    }
    journal_flush(self);
    if (!journal_reserve(self, topic.length) || !(stream = stream_table_add(&self->streams, topic)))
        return NULL;
    segment_append(journal_newest(self), SEGMENT_STREAM, stream->number, 0, topic);
    return stream;
}

journal_stream_t *journal_find(const journal_t *self, text_t topic)
{
    return table_get(self->streams.topics, topic);
}

journal_stream_t *journal_stream_at(const journal_t *self, size_t number)
{
    return number < self->streams.count ? self->streams.streams[number] : NULL;
}

bool journal_append(journal_t *self, journal_stream_t *stream, text_t json)
{
    assert(json.length > 0 && json.length <= SEGMENT_PAYLOAD_MAX);
    uint32_t bytes = self->batch_bytes + segment_record_bytes(json.length);
    if (bytes > SEGMENT_BATCH_MAX || bytes > segment_room(journal_newest(self)))
        journal_flush(self);
    if (!stream_index_reserve(&stream->index)) {
        self->stuck = ENOMEM;
        return false;
    }
    if (self->batch_bytes == 0 && !journal_reserve(self, json.length))
        return false;
    segment_t *newest = journal_newest(self);
    uint64_t offset = segment_end(newest) + self->batch_bytes;
    self->batch_bytes +=
        segment_compose(self->batch + self->batch_bytes, SEGMENT_TRADE, stream->number, stream->index.next, json);
    stream_index_push(&stream->index, segment_number(newest) << 32 | offset);
    return true;
}

void journal_flush(journal_t *self)
{
    uint32_t bytes = self->batch_bytes;
    if (bytes == 0)
        return;
    segment_write(journal_newest(self), self->batch, bytes);
    self->batch_bytes = 0;
    segment_record_t record;
    for (uint32_t offset = 0; self->safe && offset < bytes;) {
        offset += segment_composed(self->batch + offset, &record);
        self->safe(self->safe_arg, self->streams.streams[record.stream], record.payload);
    }
}

void journal_on_safe(journal_t *self, journal_safe_fn *safe, void *arg)
{
    self->safe = safe;
    self->safe_arg = arg;
}

/* The payload of a record that is not in its segment yet. */
static text_t journal_in_batch(const journal_t *self, uint32_t offset)
{
    segment_record_t record;
    segment_composed(self->batch + (offset - segment_end(journal_newest(self))), &record);
    return record.payload;
}

bool journal_read_on(journal_t *self)
{
    return backlog_step(&self->backlog, &self->streams, self->folder, READ_ON_BYTES);
}

text_t journal_read(journal_t *self, const journal_stream_t *stream, uint64_t seq)
{
    uint64_t position = stream_index_at(&stream->index, seq);
    if (position == 0 && seq >= stream->index.first && seq < stream->index.next)
        position = backlog_find(&self->backlog, &self->streams, self->folder, stream, seq);
    if (position == 0)
        return (text_t){0};
    size_t low = 0, high = self->count - 1;
    while (low < high) {
        size_t middle = (low + high + 1) / 2;
        if (segment_number(self->segments[middle]) <= position >> 32)
            low = middle;
        else
            high = middle - 1;
    }
    uint32_t offset = (uint32_t)position;
    bool in_batch = low == self->count - 1 && offset >= segment_end(self->segments[low]);
    return in_batch ? journal_in_batch(self, offset) : segment_payload(self->segments[low], offset);
}

uint64_t journal_position(const journal_t *self)
{
    segment_t *newest = journal_newest(self);
    return newest ? segment_position(newest) + segment_used(newest) + self->batch_bytes : 0;
}

uint64_t journal_bytes(const journal_t *self)
{
    uint64_t bytes = self->batch_bytes;
    for (size_t i = 0; i < self->count; i++)
        bytes += segment_used(self->segments[i]);
    return bytes;
}

static bool journal_sync_all(journal_t *self)
{
    bool synced = true;
    journal_flush(self);
    for (size_t i = 0; i < self->count; i++)
        synced = segment_sync(self->segments[i]) && synced;
    if (!synced)
        log_error("journal: can't write to the disk", LOG_ERRNO());
    return synced;
}

void journal_sync(journal_t *self)
{
    journal_sync_all(self);
}

void journal_close(journal_t **self_ref)
{
    journal_t *self = *self_ref;
    if (!self)
        return;
    if (self->opened && journal_sync_all(self))
        journal_folder_mark_closed(self->folder);
    if (self->folder)
        journal_drop_spare(self);
    journal_close_segments(self);
    stream_table_release(&self->streams);
    free(self->segments);
    journal_folder_close(&self->folder);
    free(self);
    *self_ref = NULL;
}
