/* The inside of a journal: for journal.c (using it), journal_open.c (opening it), journal_roll.c (continuing in another segment) and
 * journal_renew.c (starting another epoch).
 */
#pragma once

#include "connectord/journal/backlog.h"
#include "connectord/journal/journal_folder.h"
#include "connectord/journal/stream_table.h"

typedef enum { JOURNAL_GOES_ON, JOURNAL_IS_NEW, JOURNAL_END_LOST, JOURNAL_IS_COPY, JOURNAL_RENEWED } journal_began_t;

struct journal {
    journal_folder_t *folder;
    uint64_t epoch;
    uint64_t capacity_bytes;
    uint32_t segment_bytes;
    uint64_t mapped_bytes; /* of all segments */
    uint64_t next_number;
    bool opened;   /* complete: a clean close may say so */
    bool renewing; /* its segments keep their temporary names until it takes the place of the one before */
    journal_began_t began;
    uint64_t former_epoch; /* the one before, if this process has renewed the journal; 0: it has not */
    segment_t **segments;  /* ascending numbers; appended to the last */
    size_t count, room;
    segment_t *spare; /* the next one, prepared; NULL: not yet */
    int stuck;        /* errno: why nothing can be appended; 0: all is well */
    stream_table_t streams;
    backlog_t backlog;                                                    /* what was found at the opening and not read yet */
    void (*safe)(void *arg, const journal_stream_t *stream, text_t json); /* journal_safe_fn */
    void *safe_arg;
    uint32_t batch_bytes;
    _Alignas(8) char batch[SEGMENT_BATCH_MAX]; /* appended and not flushed: they go after the newest's end */
};

/* The segment that is appended to; NULL before the first. */
segment_t *journal_newest(const struct journal *self);

/* Takes a segment that is newer than all before. False when memory runs out; the segment is the caller's then. */
bool journal_add_segment(struct journal *self, segment_t *segment);

/* Continues in another segment: the spare one, a new one, or (if the system refuses one) what was the oldest. The oldest leave when the ring is full.
 * False with a rate-limited log line; the journal is stuck then. */
bool journal_roll(struct journal *self);

/* Reads all that was found at the opening: what the ring has is known then. */
void journal_read_all(struct journal *self);

/* Nothing is made ahead from now on. */
void journal_drop_spare(struct journal *self);

/* Unmaps all segments; the files stay. */
void journal_close_segments(struct journal *self);
