/* The rules for what is found at the opening:
 *
 *     found                                     then
 *     zeros behind the newest's last record     go on there
 *     an unfinished record there (kill -9)      wipe it, go on there
 *     damage in an older segment                keep its good prefix; copy the rest to a .bad file; its seqs are holes
 *     an older segment without a header         set it aside; its seqs are holes
 *     damage in the newest, or a power failure  trades may have been published that are no longer there: no seq may be counted
 *                                               twice, so the epoch is given up and a new one begins
 *     the newest is a copy of another file      a backup that was restored, or the journal of a machine that this one stands in for: what the
 *                                               original had behind it is not known, so the same
 *     a newer version's segment                 do not start
 *
 * The newest is read at the opening, the older ones in passing, or when somebody asks for what they have (backlog.h).
 */
#include "connectord/journal/journal.h"

#include "common/log.h"
#include "connectord/journal/journal_state.h"

#include <stdlib.h>

enum { SEGMENTS_WANTED = 16, SEGMENT_SMALL = 1 << 18 };

static uint32_t segment_bytes_for(uint64_t capacity_bytes)
{
    uint32_t bytes = SEGMENT_SMALL;
    while (bytes < SEGMENT_BYTES_MAX && (uint64_t)bytes * 2 * SEGMENTS_WANTED <= capacity_bytes)
        bytes *= 2;
    return bytes;
}

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

typedef enum { LOAD_GOOD, LOAD_DAMAGED, LOAD_REFUSED } load_result_t;

static load_result_t load_garbage(journal_t *self, uint64_t number, bool newest)
{
    log_warn("journal: segment has no valid header", LOG_U64("segment", number));
    /* With a journal before it the newest stays in its place for now: it is the reason for giving up the epoch. */
    bool stays = newest && self->count > 0;
    return stays || journal_folder_set_aside(self->folder, number) ? LOAD_DAMAGED : LOAD_REFUSED;
}

static load_result_t load_newest(journal_t *self, segment_t *segment)
{
    segment_rest_t rest;
    uint64_t records = 0;
    if (!journal_scan(self, segment, &rest, &records))
        return LOAD_REFUSED;
    if (rest == SEGMENT_CLEAN && segment_is_copy(segment)) {
        log_warn("journal: these files are a copy: how the original continued is unknown",
                 LOG_U64("segment", segment_number(segment)));
        self->began = JOURNAL_IS_COPY;
        return LOAD_DAMAGED;
    }
    if (rest == SEGMENT_CLEAN)
        return backlog_begin(&self->backlog, &self->streams) ? LOAD_GOOD : LOAD_REFUSED;
    log_warn("journal: segment is damaged after its good records", LOG_U64("segment", segment_number(segment)),
             LOG_U64("records", records), LOG_U64("good_bytes", segment_used(segment)),
             LOG_U64("damaged_bytes", segment_rest(segment).length));
    return LOAD_DAMAGED;
}

static load_result_t journal_load_segment(journal_t *self, uint64_t number, bool newest)
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
    log_warn("journal: its end may be lost: starting a new epoch", LOG_U64("epoch", self->epoch),
             LOG_U64("segments_set_aside", self->count), LOG_U64("streams", self->streams.count),
             LOG_U64("bytes", journal_bytes(self)));
    journal_close_segments(self);
    stream_table_release(&self->streams);
    size_t count;
    const uint64_t *numbers = journal_folder_segments(self->folder, &count);
    return stream_table_open(&self->streams) && journal_folder_give_up_epoch(self->folder, self->epoch, numbers, count);
}

static bool journal_load(journal_t *self, uint64_t now_us)
{
    size_t count;
    const uint64_t *numbers = journal_folder_segments(self->folder, &count);
    load_result_t load = LOAD_GOOD;
    for (size_t i = 0; i < count; i++) {
        load = journal_load_segment(self, numbers[i], i + 1 == count);
        if (load == LOAD_REFUSED)
            return false;
    }
    bool lost = load == LOAD_DAMAGED || journal_folder_was_cut_off(self->folder);
    if (self->began == JOURNAL_GOES_ON && (lost || self->count == 0))
        self->began = lost ? JOURNAL_END_LOST : JOURNAL_IS_NEW;
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
        log_error("journal: can't open", LOG_TEXT("path", path));
        journal_close(&self);
        return NULL;
    }
    self->opened = true;
    for (size_t i = 0; i < self->streams.count; i++)
        self->streams.streams[i]->opened = journal_last(self->streams.streams[i]);
    log_info("journal: open", LOG_TEXT("path", path), LOG_U64("epoch", self->epoch), LOG_U64("streams", self->streams.count),
             LOG_U64("segments", self->count), LOG_U64("bytes", journal_bytes(self)));
    return self;
}
