/* The journal's streams: by number, by topic, and where each one's trades lie.
 */
#pragma once

#include "common/table.h"
#include "connectord/journal/journal_stream.h"
#include "connectord/journal/segment.h"

typedef struct {
    journal_stream_t **streams; /* owned */
    size_t count, room;
    size_t bytes; /* of a segment's records for all of them */
    table_t *topics;
} stream_table_t;

/* False when memory runs out. */
bool stream_table_open(stream_table_t *self);
void stream_table_release(stream_table_t *self);

/* Adds a new stream. NULL when memory runs out. */
journal_stream_t *stream_table_add(stream_table_t *self, text_t topic);

typedef enum { RECORD_TAKEN, RECORD_SENSELESS, RECORD_NO_MEMORY } record_taken_t;

/* Learns from a record that a scan found at a position. Senseless: one that this program would not have written there. */
record_taken_t stream_table_take(stream_table_t *self, const segment_record_t *record, uint64_t position);

/* The same for a record of a segment before those that the streams were learned from. False if it is senseless. */
bool stream_table_fill(stream_table_t *self, const segment_record_t *record, uint64_t position);

/* Writes a record for every stream, for which there must be room. */
void stream_table_write(const stream_table_t *self, segment_t *segment);

/* Forgets what lies at positions below this one. */
void stream_table_drop_below(stream_table_t *self, uint64_t position);
