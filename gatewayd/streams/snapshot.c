#include "gatewayd/streams/snapshot.h"

#include "common/json/json.h"
#include "proto/record.h"
#include "proto/trade.h"

/* A trade that may be the next one in the answer. */
typedef struct {
    text_t json; /* empty: none left */
    int64_t time_ns;
} candidate_t;

typedef struct {
    const snapshot_t *snapshot;
    size_t back[SNAPSHOT_STREAMS_MAX]; /* how far each ring was read backwards */
    candidate_t rings[SNAPSHOT_STREAMS_MAX];
    json_walk_t history;
    candidate_t past;   /* history's next one */
    size_t past_stream; /* and its stream; snapshot->count: none of them */
} snapshot_merge_t;

static size_t find_stream(const snapshot_t *self, text_t source)
{
    size_t i = 0;
    while (i < self->count && !text_equal(self->streams[i].source, source))
        i++;
    return i;
}

/* A ring's next trade, going back from *back; false when there is none. */
static bool ring_trade(const snapshot_stream_t *stream, size_t *back, text_t *json)
{
    cursor_t cursor;
    while (stream->ring && ring_entry(stream->ring, *back, &cursor, json)) {
        ++*back;
        if (json->length > 0 && cursor_compare(cursor, stream->start) <= 0)
            return true;
    }
    return false;
}

static candidate_t candidate(text_t json, const trade_t *trade)
{
    return (candidate_t){.json = json, .time_ns = trade_time_ns(trade)};
}

static void next_of_ring(snapshot_merge_t *self, size_t i)
{
    text_t json;
    trade_t trade;
    self->rings[i] = (candidate_t){0};
    if (ring_trade(&self->snapshot->streams[i], &self->back[i], &json) && record_parse(json, &trade))
        self->rings[i] = candidate(json, &trade);
}

/* Is a trade of history wanted, and not told by a ring? */
static bool wanted(const snapshot_t *self, const trade_t *trade, size_t stream)
{
    if (stream == self->count)
        return self->all;
    return cursor_compare(trade->cursor, snapshot_boundary(&self->streams[stream])) <= 0;
}

static void next_of_history(snapshot_merge_t *self)
{
    trade_t trade;
    self->past = (candidate_t){0};
    while (json_next(&self->history)) {
        if (!record_parse(self->history.value, &trade))
            continue;
        self->past_stream = find_stream(self->snapshot, trade.source);
        if (!wanted(self->snapshot, &trade, self->past_stream))
            continue;
        self->past = candidate(self->history.value, &trade);
        return;
    }
}

/* The newest of all candidates, taken; empty when there is none left. */
static candidate_t take_newest(snapshot_merge_t *self)
{
    size_t best = self->snapshot->count;
    for (size_t i = 0; i < self->snapshot->count; i++) {
        if (self->rings[i].json.length > 0 &&
            (best == self->snapshot->count || self->rings[i].time_ns > self->rings[best].time_ns))
            best = i;
    }
    bool has_ring = best < self->snapshot->count;
    bool waits = self->past_stream < self->snapshot->count && self->rings[self->past_stream].json.length > 0;
    if (self->past.json.length > 0 && (!has_ring || (!waits && self->past.time_ns > self->rings[best].time_ns))) {
        candidate_t past = self->past;
        next_of_history(self);
        return past;
    }
    if (!has_ring)
        return (candidate_t){0};
    candidate_t newest = self->rings[best];
    next_of_ring(self, best);
    return newest;
}

cursor_t snapshot_boundary(const snapshot_stream_t *stream)
{
    if (!stream->ring || cursor_compare(stream->start, ring_floor(stream->ring)) < 0)
        return stream->start;
    return ring_floor(stream->ring);
}

bool snapshot_needs_history(const snapshot_t *self, uint64_t trades)
{
    for (size_t i = 0; i < self->count; i++) {
        size_t back = 0;
        uint64_t held = 0;
        text_t json;
        while (held < trades && ring_trade(&self->streams[i], &back, &json))
            held++;
        if (held < trades && snapshot_boundary(&self->streams[i]).seq > 0)
            return true;
    }
    return false;
}

bool snapshot_history_lags(const snapshot_t *self, text_t history, uint64_t trades)
{
    cursor_t newest[SNAPSHOT_STREAMS_MAX] = {{0}};
    uint64_t total = 0;
    for (json_walk_t walk = json_walk(history); json_next(&walk); total++) {
        trade_t trade;
        size_t i = record_parse(walk.value, &trade) ? find_stream(self, trade.source) : self->count;
        if (i < self->count && cursor_compare(trade.cursor, newest[i]) > 0)
            newest[i] = trade.cursor;
    }
    for (size_t i = 0; i < self->count; i++) {
        cursor_t needed = snapshot_boundary(&self->streams[i]);
        bool told = newest[i].seq > 0 ||
                    (total < trades && self->after_ns == INT64_MIN); /* else its trades may merely be older than all of these */
        if (needed.seq > 0 && told && cursor_compare(newest[i], needed) < 0)
            return true;
    }
    return false;
}

void snapshot_print(const snapshot_t *self, text_t history, uint64_t trades, buffer_t *out)
{
    snapshot_merge_t merge = {.snapshot = self, .history = json_walk(history), .past_stream = self->count};
    for (size_t i = 0; i < self->count; i++)
        next_of_ring(&merge, i);
    next_of_history(&merge);
    buffer_append(out, TEXT("["));
    for (uint64_t n = 0; n < trades;) {
        candidate_t newest = take_newest(&merge);
        if (newest.json.length == 0)
            break;
        if (newest.time_ns <= self->after_ns)
            continue;
        if (n++ > 0)
            buffer_append(out, TEXT(","));
        buffer_append(out, newest.json);
    }
    buffer_append(out, TEXT("]"));
}
