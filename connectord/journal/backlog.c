#include "connectord/journal/backlog.h"

#include "common/array.h"
#include "common/log.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FIND_BYTES = 1 << 16 /* read at a time while one trade is looked for */ };

static void item_release(backlog_item_t *item)
{
    free(item->lasts);
    *item = (backlog_item_t){0};
}

void backlog_release(backlog_t *self)
{
    while (self->count > 0)
        item_release(&self->items[--self->count]);
    free(self->items);
    *self = (backlog_t){0};
}

static bool item_note(backlog_item_t *item, const segment_record_t *record)
{
    if (record->stream != item->count)
        return true; /* not in order: found senseless when it is read */
    if (!ARRAY_RESERVE(&item->lasts, &item->room, item->count + 1, ARRAY_UNBOUNDED))
        return false;
    item->lasts[item->count++] = record->seq;
    return true;
}

/* The records of streams that a segment begins with. */
static bool item_read_head(backlog_item_t *item)
{
    segment_record_t record;
    for (uint32_t offset = SEGMENT_HEADER, next; segment_record(item->segment, offset, &record, &next); offset = next) {
        item->whole = record.kind == SEGMENT_TRADE;
        if (item->whole)
            return true;
        if (!item_note(item, &record))
            return false;
    }
    return true;
}

bool backlog_add(backlog_t *self, segment_t *segment)
{
    if (!ARRAY_RESERVE(&self->items, &self->room, self->count + 1, ARRAY_UNBOUNDED))
        return false;
    backlog_item_t *item = &self->items[self->count];
    *item = (backlog_item_t){.segment = segment, .offset = SEGMENT_HEADER};
    if (!item_read_head(item)) {
        item_release(item);
        return false;
    }
    self->count++;
    self->undone++;
    return true;
}

static uint64_t item_last_before(const backlog_item_t *item, uint32_t stream)
{
    return stream < item->count ? item->lasts[stream] : 0;
}

/* The seqs that the ring may have begin behind what the oldest segment says; none when it can't be that many. */
bool backlog_begin(const backlog_t *self, stream_table_t *streams)
{
    if (self->count == 0)
        return true;
    const backlog_item_t *oldest = self->items, *end = self->items + self->count;
    uint64_t bytes = 0;
    for (const backlog_item_t *item = self->items; item < end; item++)
        bytes += segment_bytes(item->segment);
    while (oldest < end && !oldest->whole)
        oldest++;
    for (size_t i = 0; oldest < end && i < streams->count; i++) {
        stream_index_t *index = &streams->streams[i]->index;
        uint64_t first = item_last_before(oldest, (uint32_t)i) + 1, most = bytes / segment_record_bytes(1);
        if (first < index->first && index->first - first <= most && !stream_index_reach_back(index, first))
            return false;
    }
    return true;
}

static void finish(backlog_t *self, backlog_item_t *item, journal_folder_t *folder)
{
    segment_t *segment = item->segment;
    segment_rest_t rest = segment_settle(segment, item->offset);
    item->done = true;
    self->undone--;
    if (rest == SEGMENT_CLEAN)
        return;
    text_t damaged = segment_rest(segment);
    log_warn("journal: segment is damaged after its good records", LOG_U64("segment", segment_number(segment)),
             LOG_U64("records", item->records), LOG_U64("good_bytes", segment_used(segment)),
             LOG_U64("damaged_bytes", damaged.length));
    if (damaged.length > 0) {
        journal_folder_keep(folder, segment_number(segment), damaged);
        segment_wipe_rest(segment);
    }
}

static void item_read(backlog_t *self, backlog_item_t *item, stream_table_t *streams, journal_folder_t *folder, uint32_t bytes)
{
    segment_record_t record;
    uint32_t next, until = item->offset + bytes;
    while (item->offset < until) {
        uint64_t position = segment_number(item->segment) << 32 | item->offset;
        if (!segment_record(item->segment, item->offset, &record, &next) || !stream_table_fill(streams, &record, position)) {
            finish(self, item, folder);
            return;
        }
        item->offset = next;
        item->records++;
    }
}

bool backlog_step(backlog_t *self, stream_table_t *streams, journal_folder_t *folder, uint32_t bytes)
{
    backlog_item_t *item = self->items;
    if (self->undone == 0)
        return false;
    while (item->done)
        item++;
    item_read(self, item, streams, folder, bytes);
    return self->undone > 0;
}

uint64_t backlog_find(backlog_t *self, stream_table_t *streams, journal_folder_t *folder, const journal_stream_t *stream,
                      uint64_t seq)
{
    for (size_t i = self->count; i-- > 0 && self->undone > 0;) {
        backlog_item_t *item = &self->items[i];
        if (item->whole && item_last_before(item, stream->number) >= seq)
            continue;
        uint64_t position = 0;
        while (!item->done && (position = stream_index_at(&stream->index, seq)) == 0)
            item_read(self, item, streams, folder, FIND_BYTES);
        if (position == 0)
            position = stream_index_at(&stream->index, seq);
        if (position != 0 || item->whole)
            return position; /* where it must be, if anywhere */
    }
    return 0;
}
