/* The older segments of an opened journal that have not been read yet.
 *
 * Only the newest segment is needed to continue. The positions of a stream's trades in the others are learned when somebody asks for one of them, or in
 * small steps in between: reading a gigabyte before serving would take too long. What each segment starts
 * with, the last seq of every stream, shows which one to search.
 *
 *     segments    | 17 | 18 | 19 | 20 |      20: the newest, read when opened
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
    bool whole;      /* its start could be read: `lasts` is valid */
    uint64_t *lasts; /* owned: each stream's last seq before the segment, by number */
    size_t count, room;
    bool done;
} backlog_item_t;

typedef struct {
    backlog_item_t *items; /* owned; ascending numbers */
    size_t count, room;
    size_t undone;
} backlog_t;

void backlog_release(backlog_t *self);

/* Adds a segment newer than all others. False when memory runs out. */
bool backlog_add(backlog_t *self, segment_t *segment);

/* The newest segment's records are in the streams: extends their seqs to the start of the backlog. False when memory runs out. */
bool backlog_begin(const backlog_t *self, stream_table_t *streams);

/* Reads about this many bytes of the oldest unfinished one. False when all are done. Damaged data goes to `folder`, as journal.c says. */
bool backlog_step(backlog_t *self, stream_table_t *streams, journal_folder_t *folder, uint32_t bytes);

/* Reads on until the stream's trade with that seq has been found, or no longer can be. Returns its position, or 0. */
uint64_t backlog_find(backlog_t *self, stream_table_t *streams, journal_folder_t *folder, const journal_stream_t *stream,
                      uint64_t seq);
