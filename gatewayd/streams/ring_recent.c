#include "gatewayd/streams/ring_recent.h"

#include "common/json/json_write.h"
#include "proto/record.h"
#include "proto/trade.h"

#include <stdlib.h>

static int compare_sources(const void *a, const void *b)
{
    const ring_recent_stream_t *x = a, *y = b;
    return text_compare(x->source, y->source);
}

/* What is no trade ends the list: it can't have come from a bus. */
static bool read_time(text_t json, int64_t *time_ns)
{
    trade_t trade;
    if (!record_parse(json, &trade))
        return false;
    *time_ns = trade_time_ns(&trade);
    return true;
}

/* What is at the cursor, of which the ring should have the text `back` entries from its newest. */
static ring_recent_state_t look(ring_recent_stream_t *self)
{
    cursor_t cursor;
    const history_coverage_t *coverage = &self->coverage;
    if (cursor_compare(self->cursor, coverage->from) < 0)
        return coverage->whole ? RING_RECENT_END : RING_RECENT_LOST;
    if (self->cursor.seq == 0)
        return RING_RECENT_LOST; /* an older epoch may end before it */
    if (!ring_entry(self->ring, self->back, &cursor, &self->json) || cursor_compare(cursor, self->cursor) != 0 ||
        self->json.length == 0)
        return cursor_compare(self->cursor, coverage->from) == 0 ? RING_RECENT_PLACE : RING_RECENT_LOST;
    return RING_RECENT_TRADE;
}

/* Looks for the next trade that is wanted, from the cursor downwards. timed: their times count. */
static void seek(const ring_recent_t *self, ring_recent_stream_t *stream, bool timed)
{
    while ((stream->state = look(stream)) == RING_RECENT_TRADE && timed) {
        if (!read_time(stream->json, &stream->time_ns))
            stream->state = RING_RECENT_LOST;
        if (stream->state == RING_RECENT_LOST || stream->time_ns < self->before_ns)
            return;
        stream->cursor.seq--;
        stream->back++;
    }
    if (stream->state == RING_RECENT_PLACE && self->before_ns != INT64_MAX)
        stream->state = RING_RECENT_LOST; /* its time is not known */
}

static void begin(const ring_recent_t *self, ring_recent_stream_t *stream, bool timed)
{
    cursor_t newest = ring_last(stream->ring);
    stream->cursor = cursor_compare(stream->upto, newest) < 0 ? stream->upto : newest;
    stream->back = newest.epoch == stream->cursor.epoch ? newest.seq - stream->cursor.seq : SIZE_MAX;
    seek(self, stream, timed);
}

/* Of equal times the later source's is the newer one. NULL: none is left. */
static ring_recent_stream_t *choose(ring_recent_t *self)
{
    ring_recent_stream_t *chosen = NULL;
    for (size_t i = 0; i < self->count; i++) {
        ring_recent_stream_t *stream = &self->streams[i];
        if (stream->state == RING_RECENT_TRADE && (!chosen || stream->time_ns >= chosen->time_ns))
            chosen = stream;
    }
    return chosen;
}

/* Is it known what comes next of each stream? */
static bool is_known(const ring_recent_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->streams[i].state == RING_RECENT_LOST)
            return false;
    return true;
}

/* Does the trade go before those of which there is no text? They are older than some trade of history's (history_coverage_t). */
static bool goes_first(const ring_recent_t *self, const ring_recent_stream_t *chosen)
{
    for (size_t i = 0; i < self->count; i++) {
        const history_coverage_t *coverage = &self->streams[i].coverage;
        if (self->streams[i].state != RING_RECENT_PLACE)
            continue;
        if (!chosen || chosen->time_ns < coverage->before_ns ||
            (chosen->time_ns == coverage->before_ns && text_compare(chosen->source, coverage->before_source) < 0))
            return false;
    }
    return true;
}

static void put_places(const ring_recent_t *self, json_writer_t *json)
{
    bool any = false;
    for (size_t i = 0; i < self->count; i++) {
        if (self->streams[i].state == RING_RECENT_END)
            continue;
        if (!any)
            json_open_object(json, "next");
        any = true;
        json_put_name(json, self->streams[i].source);
        cursor_put(json, NULL, self->streams[i].cursor);
    }
    if (any)
        json_close_object(json);
}

bool ring_recent_print(ring_recent_t *self, const char *list, uint64_t trades, buffer_t *out, size_t *next_at)
{
    bool timed = self->count > 1 || self->before_ns != INT64_MAX;
    if (self->count > 1)
        qsort(self->streams, self->count, sizeof *self->streams, compare_sources);
    for (size_t i = 0; i < self->count; i++)
        begin(self, &self->streams[i], timed);
    json_writer_t json = json_write(out);
    json_open_array(&json, list);
    ring_recent_stream_t *newest;
    for (uint64_t n = 0; n < trades; n++) {
        newest = choose(self);
        if (!is_known(self) || !goes_first(self, newest))
            return false;
        if (!newest)
            break;
        json_put_raw(&json, NULL, newest->json);
        newest->cursor.seq--;
        newest->back++;
        seek(self, newest, timed);
    }
    if (!is_known(self))
        return false;
    json_close_array(&json);
    *next_at = out->length;
    put_places(self, &json);
    return buffer_ok(out);
}
