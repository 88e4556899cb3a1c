/* Where a delayed stream begins: behind the newest record that is due. */
#include "gatewayd/history/delay.h"

#include "common/json/json.h"
#include "common/json/json_write.h"
#include "common/timestamp.h"
#include "proto/request.h"
#include "proto/trade.h"

static void begin_after(delay_t *self, cursor_t last)
{
    self->passed = self->told = last;
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

static void on_newest(void *arg, text_t answer)
{
    delay_t *self = arg;
    cursor_t newest, end = {UINT64_MAX, UINT64_MAX};
    self->call = NULL;
    bool heard = answer.length > 0 && json_valid(answer) && json_kind(json_member(answer, "ok")) == JSON_TRUE;
    if (heard && first_of(json_member(answer, "trades"), &newest))
        begin_after(self, newest);
    else if (heard)
        self->call = history_range(self->shared->history, self->stream->topic, (cursor_t){0}, end, 1, on_first, self);
    if (!self->call && !self->stream->ring)
        delay_try_again(self);
}

/* {"op":"recent","symbol":…,"source":…,"count":1,"before":…} */
static void ask_newest(delay_t *self)
{
    char before[TIMESTAMP_MAX];
    buffer_t request = buffer_new(REQUEST_MAX);
    json_writer_t json = json_write(&request);
    json_open_object(&json, NULL);
    json_put_text(&json, "op", TEXT("recent"));
    json_put_text(&json, "symbol", self->stream->symbol);
    json_put_text(&json, "source", self->stream->source);
    json_put_u64(&json, "count", 1);
    json_put_text(&json, "before", (text_t){before, timestamp_print(before, delay_horizon_ns(self) + 1, 9)});
    json_close_object(&json);
    if (buffer_ok(&request))
        self->call = history_ask(self->shared->history, buffer_text(&request), on_newest, self);
    buffer_release(&request);
    if (!self->call)
        delay_try_again(self);
}

/* How many of the ring's frames, counted from the newest one, are not due. -1: the ring does not reach so far back. */
static int64_t count_undue(const ring_t *ring, int64_t upto_ns)
{
    uint64_t low = 0, high = ring_frames(ring); /* `low` from the newest are not due; the one before `high` may be */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        cursor_t cursor;
        text_t json = {"", 0};
        size_t back = middle;
        while (ring_entry(ring, back, &cursor, &json) && json.length == 0)
            back++; /* a gap has no time of its own: that of the record before it */
        if (json.length == 0 || delay_record_ns(json) <= upto_ns)
            high = middle;
        else
            low = back + 1;
    }
    return low < ring_frames(ring) ? (int64_t)low : -1;
}

void delay_begin(delay_t *self)
{
    const ring_t *ring = self->live->ring;
    cursor_t last;
    text_t json;
    if (!ring || self->call || self->shared->now_ns < self->retry_ns)
        return;
    int64_t undue = count_undue(ring, delay_horizon_ns(self));
    if (undue >= 0 && ring_entry(ring, (size_t)undue, &last, &json))
        begin_after(self, last);
    else
        ask_newest(self);
}
