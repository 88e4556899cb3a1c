/* How far a client is behind one of its streams. */
#pragma once

#include "gatewayd/streams/market.h"

/* Records that the stream has and the client has not yet been sent; 0 where the stream has not been heard of yet. After a new epoch: those of that one.
 */
static inline uint64_t reader_lag(const reader_t *reader)
{
    if (!reader->live_stream->ring || !reader->has_last)
        return 0;
    cursor_t end = ring_last(reader->live_stream->ring);
    if (reader->last.epoch != end.epoch)
        return reader->last.epoch < end.epoch ? end.seq : 0;
    return end.seq > reader->last.seq ? end.seq - reader->last.seq : 0;
}
