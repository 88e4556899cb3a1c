/* Where a delayed stream begins: behind the newest record that is due. */
#include "gatewayd/history/delay.h"

#include "common/json/json.h"
#include "gatewayd/history/delays.h"
#include "proto/record.h"

static void begin_after(delay_t *self, cursor_t last)
{
    self->passed = self->told = last;
    self->loses = false;
    self->stuck_ns = self->retry_ns = 0;
    if (market_begin(self->stream, last))
        self->shared->begun(self->shared->arg, self->stream);
}

/* The cursor of the first record of an array; false when it has none. */
static bool first_of(text_t records, cursor_t *cursor)
{
    json_walk_t walk = json_walk(records);
    return json_kind(records) == JSON_ARRAY && json_next(&walk) && trade_cursor(walk.value, cursor);
}

/* Nothing was there yet when the delay began: it starts before the first record that can be had. */
static void on_first(void *arg, range_certainty_t certainty, const range_answer_t *page)
{
    delay_t *self = arg;
    cursor_t first;
    self->call = NULL;
    if (page->trades.length > 0 && first_of(page->trades, &first))
        begin_after(self, cursor_before(first));
    else if (certainty == RANGE_FINAL)
        begin_after(self, ring_floor(self->live->ring));
    else
        delay_try_again(self);
}

static void on_end(void *arg, edge_t found, cursor_t place)
{
    delay_t *self = arg;
    cursor_t end = {UINT64_MAX, UINT64_MAX};
    if (found == EDGE_FOUND)
        begin_after(self, place);
    else if (found == EDGE_NONE)
        self->call = history_range(self->shared->history, self->stream->topic, (cursor_t){0}, end, 1, on_first, self);
    if (!self->call && !self->stream->ring)
        delay_try_again(self);
}

/* Reads the entry number *back of the ring, counted from the newest one. A gap stands for the record behind it, whose number *back is then. False: no record is there
 * yet. */
static bool find_record(const ring_t *ring, size_t *back, trade_t *record)
{
    cursor_t cursor;
    text_t json;
    while (ring_entry(ring, *back, &cursor, &json)) {
        if (json.length > 0)
            return record_parse(json, record);
        if ((*back)-- == 0)
            return false;
    }
    return false;
}

/* How many of the ring's frames, counted from the newest one, were received later. */
static size_t count_received(const ring_t *ring, int64_t after_ns)
{
    size_t low = 0, high = (size_t)ring_frames(ring);
    while (low < high) {
        size_t middle = low + (high - low) / 2, back = middle;
        trade_t record;
        if (find_record(ring, &back, &record) && record.received_ns <= after_ns)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* How many of them are not due. -1: the ring does not reach so far back. Records come in the order in which they were received, but for what was backfilled
 * not in that in which they were made: what was received by then is due, and of the rest what is not behind one that is not. */
static int64_t count_undue(const ring_t *ring, int64_t upto_ns)
{
    size_t undue = count_received(ring, upto_ns);
    if (undue == ring_frames(ring))
        return -1;
    for (size_t i = 0; undue > 0 && i < DELAYS_TICK_MAX; i++) {
        size_t back = undue - 1;
        trade_t record;
        if (!find_record(ring, &back, &record) || delay_made_ns(&record) > upto_ns)
            break;
        undue = back;
    }
    return (int64_t)undue;
}

void delay_begin(delay_t *self)
{
    const ring_t *ring = self->live->ring;
    cursor_t last;
    text_t json;
    if (!ring || self->end.call || self->call || self->shared->now_ns < self->retry_ns)
        return;
    int64_t undue = count_undue(ring, delay_horizon_ns(self));
    if (undue >= 0 && ring_entry(ring, (size_t)undue, &last, &json))
        begin_after(self, last);
    else if (!stream_end_find(&self->end, self->shared->history, self->stream->symbol, self->stream->source,
                              delay_horizon_ns(self) + 1, on_end, self))
        delay_try_again(self);
}
