/* Segments in memory, an index for each stream, and the rules for what is found at the opening:
 *
 *     found                                     then
 *     zeros behind the newest's last record     go on there
 *     an unfinished record there (kill -9)      wipe it, go on there
 *     damage in an older segment                keep its good prefix; copy the rest to a .bad file; its seqs are holes
 *     an older segment without a header         set it aside; its seqs are holes
 *     damage in the newest, or a power failure  trades may have been published that are not there any more: no seq may be counted
 *                                               twice, so the epoch is given up and a new one begins
 *     a newer version's segment                 do not start
 *
 * The newest is read at the opening, the older ones in passing, or when somebody asks for what they have (backlog.h).
 */
#include "connectord/journal.h"

#include "common/clock.h"
#include "common/log.h"
#include "connectord/backlog.h"
#include "connectord/journal_folder.h"
#include "connectord/stream_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { SEGMENTS_WANTED = 16, SEGMENT_SMALL = 1 << 18, READ_ON_BYTES = 1 << 20 };

struct journal {
    journal_folder_t *folder;
    uint64_t epoch;
    uint64_t capacity_bytes;
    uint32_t segment_bytes;
    uint64_t mapped_bytes; /* of all segments */
    uint64_t next_number;
    bool opened;          /* whole: a clean close may say so */
    segment_t **segments; /* ascending numbers; appended to the last */
    size_t count, room;
    stream_table_t streams;
    backlog_t backlog; /* what was found at the opening and not read yet */
    journal_safe_fn *safe;
    void *safe_arg;
    uint32_t batch_bytes;
    _Alignas(8) char batch[SEGMENT_BATCH_MAX]; /* appended and not flushed: they go behind the newest's end */
};

static uint32_t segment_bytes_for(uint64_t capacity_bytes)
{
    uint32_t bytes = SEGMENT_SMALL;
    while (bytes < SEGMENT_BYTES_MAX && (uint64_t)bytes * 2 * SEGMENTS_WANTED <= capacity_bytes)
        bytes *= 2;
    return bytes;
}

static segment_t *journal_newest(const journal_t *self)
{
    return self->count ? self->segments[self->count - 1] : NULL;
}

static bool journal_add_segment(journal_t *self, segment_t *segment)
{
    if (self->count == self->room) {
        size_t room = self->room ? self->room * 2 : SEGMENTS_WANTED;
        segment_t **larger = realloc(self->segments, room * sizeof(segment_t *));
        if (!larger)
            return false;
        self->segments = larger;
        self->room = room;
    }
    self->segments[self->count++] = segment;
    self->mapped_bytes += segment_bytes(segment);
    self->next_number = segment_number(segment) + 1;
    return true;
}

/* What the ring has is known then: nothing is asked of the backlog any more. */
static void journal_read_all(journal_t *self)
{
    while (journal_read_on(self))
        ;
    backlog_release(&self->backlog);
}

static void journal_drop_oldest(journal_t *self)
{
    journal_read_all(self);
    stream_table_drop_below(&self->streams, (segment_number(self->segments[0]) + 1) << 32);
    self->mapped_bytes -= segment_bytes(self->segments[0]);
    segment_drop(&self->segments[0], journal_folder_fd(self->folder));
    memmove(self->segments, self->segments + 1, --self->count * sizeof *self->segments);
}

/* A fresh segment that begins with a record for every stream, so that nothing depends on the older ones. */
static segment_t *journal_make_segment(journal_t *self)
{
    int folder = journal_folder_fd(self->folder);
    segment_t *fresh = segment_create(folder, self->next_number, self->epoch, journal_position(self), self->segment_bytes);
    if (fresh)
        stream_table_write(&self->streams, fresh);
    return fresh;
}

/* Goes on in a new segment. The oldest leave when the ring is full, or when the disk is. */
static bool journal_roll(journal_t *self)
{
    while (self->count > 1 && self->mapped_bytes + self->segment_bytes > self->capacity_bytes)
        journal_drop_oldest(self);
    segment_t *fresh = journal_make_segment(self);
    while (!fresh && (errno == ENOSPC || errno == EDQUOT) && self->count > 1) {
        journal_drop_oldest(self);
        fresh = journal_make_segment(self);
    }
    int folder = journal_folder_fd(self->folder);
    if (fresh && segment_commit(fresh, folder) && journal_add_segment(self, fresh))
        return true;
    static log_limit_t limit;
    if (log_allowed(&limit, clock_mono_ns()))
        log_error("journal: no room for a new segment", LOG_ERRNO(), LOG_U64("suppressed", log_suppressed(&limit)));
    segment_drop(&fresh, folder);
    return false;
}

/* Room for a record in the newest segment. */
static bool journal_reserve(journal_t *self, size_t payload_length)
{
    segment_t *newest = journal_newest(self);
    return (newest && segment_has_room(newest, payload_length)) || journal_roll(self);
}

static void journal_close_segments(journal_t *self)
{
    backlog_release(&self->backlog);
    while (self->count > 0)
        segment_close(&self->segments[--self->count]);
    self->mapped_bytes = 0;
}

/* ---- what is found at the opening ---- */

/* Reads the newest segment's records into the indexes. False when memory runs out. */
static bool journal_scan(journal_t *self, segment_t *segment, segment_rest_t *rest, uint64_t *records)
{
    segment_record_t record;
    uint32_t offset = SEGMENT_HEADER;
    record_taken_t taken = RECORD_TAKEN;
    segment_prefetch(segment);
    for (uint32_t next; segment_record(segment, offset, &record, &next); offset = next, ++*records) {
        taken = stream_table_take(&self->streams, &record, segment_number(segment) << 32 | offset);
        if (taken != RECORD_TAKEN)
            break;
    }
    if (taken != RECORD_NO_MEMORY)
        *rest = segment_settle(segment, offset);
    return taken != RECORD_NO_MEMORY;
}

typedef enum { LOAD_GOOD, LOAD_DAMAGED, LOAD_REFUSED } load_t;

static load_t load_garbage(journal_t *self, uint64_t number, bool newest)
{
    log_warn("journal: segment has no valid header", LOG_U64("segment", number));
    /* With a journal before it the newest stays in its place for now: it is the reason for giving up the epoch. */
    bool stays = newest && self->count > 0;
    return stays || journal_folder_set_aside(self->folder, number) ? LOAD_DAMAGED : LOAD_REFUSED;
}

static load_t load_newest(journal_t *self, segment_t *segment)
{
    segment_rest_t rest;
    uint64_t records = 0;
    if (!journal_scan(self, segment, &rest, &records))
        return LOAD_REFUSED;
    if (rest == SEGMENT_CLEAN)
        return backlog_begin(&self->backlog, &self->streams) ? LOAD_GOOD : LOAD_REFUSED;
    log_warn("journal: segment is damaged behind its good records", LOG_U64("segment", segment_number(segment)),
             LOG_U64("records", records), LOG_U64("good_bytes", segment_used(segment)),
             LOG_U64("damaged_bytes", segment_rest(segment).length));
    return LOAD_DAMAGED;
}

static load_t journal_load_segment(journal_t *self, uint64_t number, bool newest)
{
    segment_t *segment = NULL;
    segment_result_t result = number == 0 || number > UINT32_MAX - 1
                                  ? SEGMENT_GARBAGE
                                  : segment_open(&segment, journal_folder_fd(self->folder), number);
    if (result == SEGMENT_FAILED)
        log_error("journal: can't open a segment", LOG_U64("segment", number), LOG_ERRNO());
    if (result == SEGMENT_NEWER)
        log_error("journal: written by a newer version of this program", LOG_U64("segment", number));
    if (result == SEGMENT_FAILED || result == SEGMENT_NEWER)
        return LOAD_REFUSED;
    if (result == SEGMENT_OK && self->count > 0 && segment_epoch(segment) != self->epoch) {
        segment_close(&segment); /* not of this journal */
        result = SEGMENT_GARBAGE;
    }
    if (result == SEGMENT_GARBAGE)
        return load_garbage(self, number, newest);
    self->epoch = segment_epoch(segment);
    segment_t *before = journal_newest(self);
    if (!journal_add_segment(self, segment)) {
        segment_close(&segment);
        return LOAD_REFUSED;
    }
    if (before)
        segment_presume(before, segment_position(segment) - segment_position(before));
    if (newest)
        return load_newest(self, segment);
    return backlog_add(&self->backlog, segment) ? LOAD_GOOD : LOAD_REFUSED;
}

/* Clients may have seen seqs that are lost now: they must see another epoch, not those seqs with other trades. */
static bool journal_give_up_epoch(journal_t *self)
{
    log_warn("journal: its end may be lost, a new epoch begins", LOG_U64("epoch", self->epoch),
             LOG_U64("segments_set_aside", self->count), LOG_U64("streams", self->streams.count),
             LOG_U64("bytes", journal_bytes(self)));
    journal_close_segments(self);
    stream_table_release(&self->streams);
    return stream_table_open(&self->streams) && journal_folder_give_up_epoch(self->folder, self->epoch);
}

static bool journal_load(journal_t *self, uint64_t now_us)
{
    size_t count;
    const uint64_t *numbers = journal_folder_segments(self->folder, &count);
    load_t load = LOAD_GOOD;
    for (size_t i = 0; i < count; i++) {
        load = journal_load_segment(self, numbers[i], i + 1 == count);
        if (load == LOAD_REFUSED)
            return false;
    }
    bool lost = load == LOAD_DAMAGED || journal_folder_was_cut_off(self->folder);
    if (self->count > 0 && lost && !journal_give_up_epoch(self))
        return false;
    if (self->streams.bytes > self->segment_bytes / 2) {
        log_error("journal: connectord.journal.bytes is too small for its streams", LOG_U64("streams", self->streams.count));
        return false;
    }
    if (self->count > 0)
        return true;
    uint64_t last_epoch = journal_folder_last_epoch(self->folder);
    self->epoch = now_us > last_epoch ? now_us : last_epoch + 1;
    return journal_roll(self);
}

/* ---- the public functions ---- */

journal_t *journal_open(const char *path, uint64_t capacity_bytes, uint64_t now_us)
{
    journal_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->capacity_bytes = capacity_bytes;
    self->segment_bytes = segment_bytes_for(capacity_bytes);
    self->next_number = 1;
    bool ready = stream_table_open(&self->streams) && (self->folder = journal_folder_open(path, now_us / 1000000)) &&
                 journal_load(self, now_us) && journal_folder_mark_open(self->folder);
    if (!ready) {
        log_error("journal: not opened", LOG_TEXT("path", path));
        journal_close(&self);
        return NULL;
    }
    self->opened = true;
    log_info("journal: open", LOG_TEXT("path", path), LOG_U64("epoch", self->epoch), LOG_U64("streams", self->streams.count),
             LOG_U64("segments", self->count), LOG_U64("bytes", journal_bytes(self)));
    return self;
}

uint64_t journal_epoch(const journal_t *self)
{
    return self->epoch;
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

text_t journal_topic(const journal_stream_t *stream)
{
    return (text_t){stream->topic, stream->topic_length};
}

uint64_t journal_first(const journal_stream_t *stream)
{
    return stream->index.first;
}

uint64_t journal_last(const journal_stream_t *stream)
{
    return stream->index.next - 1;
}

bool journal_append(journal_t *self, journal_stream_t *stream, text_t json)
{
    assert(json.length > 0 && json.length <= SEGMENT_PAYLOAD_MAX);
    uint32_t bytes = self->batch_bytes + segment_record_bytes(json.length);
    if (bytes > SEGMENT_BATCH_MAX || bytes > segment_room(journal_newest(self)))
        journal_flush(self);
    if (!stream_index_reserve(&stream->index) || (self->batch_bytes == 0 && !journal_reserve(self, json.length)))
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
    journal_close_segments(self);
    stream_table_release(&self->streams);
    free(self->segments);
    journal_folder_close(&self->folder);
    free(self);
    *self_ref = NULL;
}
