/* Where in the journal each trade of one stream lies: seq -> position, for the seqs that the ring still has.
 *
 * The positions are in an array whose size is a power of two, each at its seq modulo that size, so the oldest leave and the
 * newest arrive without moving anything. Seqs lost to a bad disk are holes in it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STREAM_HOLE_MAX = 1 << 20 /* seqs; over a larger gap the index starts over */ };

typedef struct {
    uint64_t first, next; /* seqs in the index: [first, next) */
    uint64_t *positions;  /* owned; 0: a hole */
    size_t capacity;      /* a power of two, or 0 */
} stream_index_t;

static inline stream_index_t stream_index_new(void)
{
    return (stream_index_t){.first = 1, .next = 1};
}

void stream_index_release(stream_index_t *self);

/* Makes room for one more. False when memory runs out. */
bool stream_index_reserve(stream_index_t *self);

/* The position (not 0) of seq `next`. There must be room. */
void stream_index_push(stream_index_t *self, uint64_t position);

/* Seqs from this one on, which is before `first`, are in the index, too: holes for now. False when memory runs out. */
bool stream_index_reach_back(stream_index_t *self, uint64_t first);

/* The position (not 0) of a seq that is in the index as a hole. */
void stream_index_fill(stream_index_t *self, uint64_t seq, uint64_t position);

/* The seqs from `next` up to this one, exclusive, are lost. False when memory runs out. */
bool stream_index_skip(stream_index_t *self, uint64_t seq);

/* Forgets what lies at positions below this one. */
void stream_index_drop_below(stream_index_t *self, uint64_t position);

/* 0 when the seq is not in the index. */
uint64_t stream_index_at(const stream_index_t *self, uint64_t seq);
