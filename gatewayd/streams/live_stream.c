#include "gatewayd/streams/live_stream.h"

#include "common/array.h"

#include <stdlib.h>

ring_t *live_stream_ring(live_stream_t *live_stream, dialect_t dialect)
{
    if (dialect == DIALECT_RPC || !live_stream->ring)
        return live_stream->ring;
    if (!live_stream->others[dialect])
        live_stream->others[dialect] = ring_render(live_stream->ring, dialect);
    return live_stream->others[dialect];
}

void live_stream_forget(live_stream_t *live_stream, const ring_t *ring)
{
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (live_stream->others[i] == ring)
            ring_destroy(&live_stream->others[i]);
    }
}

bool live_stream_add(live_stream_t *live_stream, reader_t *reader)
{
    if (!ARRAY_RESERVE(&live_stream->readers, &live_stream->reader_room, live_stream->reader_count + 1, UINT32_MAX))
        return false;
    reader->place = (uint32_t)live_stream->reader_count;
    live_stream->readers[live_stream->reader_count++] = reader;
    return true;
}

void live_stream_drop(live_stream_t *live_stream, reader_t *reader)
{
    reader_t *last = live_stream->readers[--live_stream->reader_count];
    live_stream->readers[reader->place] = last;
    last->place = reader->place;
}

void live_stream_append(live_stream_t *live_stream, cursor_t at, text_t json, live_stream_append_fn *append)
{
    append(live_stream->ring, at, json);
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (live_stream->others[i])
            append(live_stream->others[i], at, json);
    }
}

void live_stream_renew(live_stream_t *live_stream, cursor_t former, uint64_t epoch)
{
    ring_renew(live_stream->ring, former, epoch);
    for (size_t i = 0; i < DIALECT_COUNT; i++) {
        if (live_stream->others[i])
            ring_renew(live_stream->others[i], former, epoch);
    }
    for (size_t i = 0; i < live_stream->reader_count; i++) {
        reader_t *reader = live_stream->readers[i];
        cursor_t had = reader->last;
        reader->last = cursor_renew(had, former, epoch);
        reader->turned = reader->turned || cursor_compare(reader->last, had) != 0;
    }
    live_stream->former = former;
    live_stream->coverage.known = false;
    live_stream->oldest = (oldest_t){0}; /* of the former epoch, maybe */
}
