/* A stream of the journal: its topic, its seqs, and where each of its trades lies.
 */
#pragma once

#include "connectord/journal/stream_index.h"
#include "proto/topic.h"

/* For the journal's own files; others use what is below. */
typedef struct {
    stream_index_t index; /* positions: segment number << 32 | offset */
    uint32_t number;      /* its place in the order in which streams were made: the same in all segments of an epoch */
    uint64_t opened;      /* the last seq that it had when the journal was opened */
    uint64_t former;      /* … and of the epoch before, which the journal had until it was renewed */
    kept_topic_t topic;
} journal_stream_t;

text_t journal_topic(const journal_stream_t *stream);

/* A trade is to be appended soon: what that touches of the stream is fetched meanwhile, which no cache has where there are many. */
static inline void journal_expect(const journal_stream_t *stream)
{
    __builtin_prefetch(&stream->index, 1);
    __builtin_prefetch(&stream->topic);
}

/* The seqs that can be read: [first, last]; none when first > last. last is 0 before the first trade and never goes back. */
uint64_t journal_first(const journal_stream_t *stream);
uint64_t journal_last(const journal_stream_t *stream);

/* The last seq of the epoch before journal_renew that does not go on: (former epoch, that + n) is (epoch, n). */
uint64_t journal_former_last(const journal_stream_t *stream);
