/* Another epoch for what this process has appended: written beside the former one's segments, under temporary names, and put in their place
 * when it is whole. A process that is killed in between leaves the former epoch as it was.
 */
#include "common/log.h"
#include "connectord/journal/journal.h"
#include "connectord/journal/journal_state.h"
#include "proto/record.h"

#include <stdlib.h>

uint64_t journal_former_epoch(const journal_t *self)
{
    return self->former_epoch;
}

/* One that shares the folder with `self`. NULL when memory runs out. */
static journal_t *begin_beside(const journal_t *self, uint64_t epoch)
{
    journal_t *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return NULL;
    fresh->folder = self->folder;
    fresh->epoch = epoch;
    fresh->capacity_bytes = self->capacity_bytes;
    fresh->segment_bytes = self->segment_bytes;
    fresh->next_number = self->next_number;
    fresh->renewing = true;
    if (!stream_table_open(&fresh->streams)) {
        free(fresh);
        return NULL;
    }
    return fresh;
}

static void end_beside(journal_t *fresh)
{
    int folder = journal_folder_fd(fresh->folder);
    while (fresh->renewing && fresh->count > 0)
        segment_drop(&fresh->segments[--fresh->count], folder);
    journal_close_segments(fresh);
    stream_table_release(&fresh->streams);
    free(fresh->segments);
    free(fresh);
}

/* A trade that can't be had, or is no trade, leaves a hole. */
static bool carry_trade(journal_t *fresh, journal_stream_t *to, uint64_t seq, text_t json)
{
    char text[RECORD_MAX];
    size_t length = record_move(text, json, (cursor_t){fresh->epoch, seq});
    if (length == 0)
        return true;
    return stream_index_skip(&to->index, seq) && journal_append(fresh, to, (text_t){text, length});
}

static bool carry_stream(journal_t *fresh, journal_t *self, const journal_stream_t *from)
{
    journal_stream_t *to = journal_stream(fresh, journal_topic(from));
    uint64_t opened = from->opened, seq = journal_first(from) > opened ? journal_first(from) : opened + 1;
    bool carried = to != NULL;
    for (; carried && seq <= journal_last(from); seq++)
        carried = carry_trade(fresh, to, seq - opened, journal_read(self, from, seq));
    return carried && stream_index_skip(&to->index, seq - opened);
}

static bool carry_all(journal_t *fresh, journal_t *self)
{
    bool carried = journal_roll(fresh);
    for (size_t i = 0; carried && i < self->streams.count; i++)
        carried = carry_stream(fresh, self, self->streams.streams[i]);
    if (carried)
        journal_flush(fresh);
    return carried;
}

static bool set_aside(const journal_t *self)
{
    uint64_t *numbers = calloc(self->count + 1, sizeof *numbers);
    for (size_t i = 0; numbers && i < self->count; i++)
        numbers[i] = segment_number(self->segments[i]);
    bool gone = numbers && journal_folder_give_up_epoch(self->folder, self->epoch, numbers, self->count);
    free(numbers);
    return gone;
}

static void commit_all(journal_t *fresh)
{
    for (size_t i = 0; i < fresh->count; i++)
        if (!segment_commit(fresh->segments[i], journal_folder_fd(fresh->folder)))
            log_error("journal: can't rename a segment", LOG_U64("segment", segment_number(fresh->segments[i])), LOG_ERRNO());
    fresh->renewing = false;
}

/* The streams stay where they are, since others point to them. */
static void swap_streams(journal_t *self, journal_t *fresh)
{
    for (size_t i = 0; i < self->streams.count; i++) {
        journal_stream_t *stream = self->streams.streams[i], *other = fresh->streams.streams[i];
        stream_index_t index = stream->index;
        stream->index = other->index;
        other->index = index;
        stream->former = stream->opened;
        stream->opened = 0;
    }
}

static void swap_segments(journal_t *self, journal_t *fresh)
{
    segment_t **segments = self->segments;
    size_t count = self->count, room = self->room;
    uint64_t mapped_bytes = self->mapped_bytes;
    backlog_t backlog = self->backlog;
    self->segments = fresh->segments;
    self->count = fresh->count;
    self->room = fresh->room;
    self->mapped_bytes = fresh->mapped_bytes;
    self->backlog = fresh->backlog;
    self->next_number = fresh->next_number;
    fresh->segments = segments;
    fresh->count = count;
    fresh->room = room;
    fresh->mapped_bytes = mapped_bytes;
    fresh->backlog = backlog;
}

bool journal_renew(journal_t *self, uint64_t after, uint64_t now_us)
{
    uint64_t epoch = (after > self->epoch ? after : self->epoch) + 1;
    journal_flush(self);
    journal_drop_spare(self); /* whose number is taken now */
    journal_t *fresh = begin_beside(self, now_us > epoch ? now_us : epoch);
    bool renewed = fresh && carry_all(fresh, self) && set_aside(self);
    if (renewed) {
        commit_all(fresh);
        swap_streams(self, fresh);
        swap_segments(self, fresh);
        self->former_epoch = self->epoch;
        self->epoch = fresh->epoch;
        self->began = JOURNAL_RENEWED;
    } else {
        log_error("journal: can't start a new epoch", LOG_U64("epoch", self->epoch));
    }
    if (fresh)
        end_beside(fresh);
    return renewed;
}
