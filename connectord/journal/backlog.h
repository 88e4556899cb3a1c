/* The older segments of a journal that was opened, as long as they have not been read.
 *
 * Only the newest segment must be known to go on. Where a stream's trades lie in the others is learned when somebody asks for one of them, or in
 * small steps in between: to read a gigabyte before anything is served would take longer than anyone wants to wait. What each segment begins
 * with, the last seq of every stream, tells which one to look into.
 *
 *     segments    | 17 | 18 | 19 | 20 |      20: the newest, read at the opening
 *     BTC-USD     | 1… | 4000… | 9000… | 12000…
 *     asked for 9500: 19 is read until it is found
 */
#pragma once

#include "connectord/journal/journal_folder.h"
#include "connectord/journal/stream_table.h"

typedef struct {
    segment_t *segment; /* the journal's */
    uint32_t offset;    /* up to which it has been read */
    uint64_t records;
    bool whole;      /* its beginning could be read: what `lasts` says is true */
    uint64_t *lasts; /* owned: each stream's last seq before the segment, by number */
    size_t count;
    bool done;
} backlog_item_t;

typedef struct {
    backlog_item_t *items; /* owned; ascending numbers */
    size_t count, room;
    size_t undone;
} backlog_t;

void backlog_release(backlog_t *self);

/* A segment that is newer than all before. False when memory runs out. */
bool backlog_add(backlog_t *self, segment_t *segment);

/* The newest segment's records are in the streams: their seqs begin where those of the backlog do. False when memory runs out. */
bool backlog_begin(const backlog_t *self, stream_table_t *streams);

/* Reads about so many bytes of the oldest that is not done. False when all are. What is damaged goes to `folder`, as journal.c says. */
bool backlog_step(backlog_t *self, stream_table_t *streams, journal_folder_t *folder, uint32_t bytes);

/* Reads on until the stream's trade with that seq has been found, or no longer can be. Returns its position, or 0. */
uint64_t backlog_find(backlog_t *self, stream_table_t *streams, journal_folder_t *folder, const journal_stream_t *stream,
                      uint64_t seq);
