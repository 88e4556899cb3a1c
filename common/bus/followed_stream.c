#include "common/bus/followed_stream.h"

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "proto/request.h"

#include <stdlib.h>

followed_stream_t *followed_stream_new(text_t topic, follower_counts_t *counts, const stream_sink_t *sink, void *arg)
{
    followed_stream_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    memcpy(self->topic_text, topic.at, topic.length);
    self->topic = (text_t){self->topic_text, topic.length};
    topic_parse(self->topic, &self->symbol, &self->source);
    self->bus = FOLLOWED_STREAM_NO_BUS;
    self->held = buffer_new(FOLLOWED_STREAM_HELD_BYTES);
    self->counts = counts;
    self->sink = sink;
    self->arg = arg;
    return self;
}

void followed_stream_destroy(followed_stream_t **self_p)
{
    followed_stream_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    buffer_release(&self->held);
    free(self);
}

static void drop_held(followed_stream_t *self)
{
    buffer_clear(&self->held);
    self->held_first = self->held_last = 0;
}

void followed_stream_begin(followed_stream_t *self, cursor_t last)
{
    self->followed = self->initial = true;
    self->next = (cursor_t){last.epoch, last.seq + 1};
    self->newest = last.seq;
    drop_held(self);
}

void followed_stream_end(followed_stream_t *self)
{
    self->followed = self->initial = self->ahead = false;
    self->repair = 0;
    drop_held(self);
}

static void deliver(followed_stream_t *self, const trade_t *trade, text_t json)
{
    self->fresh = false;
    self->next.seq = trade->cursor.seq + 1;
    if (self->newest < trade->cursor.seq)
        self->newest = trade->cursor.seq;
    self->own.trades++;
    self->counts->trades++;
    self->sink->on_trade(self->arg, self->topic, trade, json);
}

/* What comes before seq is no longer available. */
static void skip_to(followed_stream_t *self, uint64_t seq)
{
    cursor_t from = self->next, to = {self->next.epoch, seq - 1};
    self->next.seq = seq;
    if (self->fresh)
        return;
    self->own.gaps_lost += seq - from.seq;
    self->counts->gaps_lost += seq - from.seq;
    self->sink->on_gap(self->arg, self->topic, from, to);
}

/* Goes on behind `last`, a place in another epoch. */
static void go_over(followed_stream_t *self, cursor_t last)
{
    self->next = (cursor_t){last.epoch, last.seq + 1};
    self->newest = last.seq;
    self->repair_to = 0;
    self->ahead = false;
    drop_held(self);
}

/* The journal was lost and a new one begun. What the old one had after our place is unknown. */
static void change_epoch(followed_stream_t *self, uint64_t epoch)
{
    cursor_t from = self->next;
    go_over(self, (cursor_t){epoch, 0});
    if (from.epoch == 0 || self->fresh)
        return;
    log_warn("follower: the journal was lost; a new one has begun", LOG_SLICE("topic", self->topic), LOG_U64("epoch", epoch));
    self->sink->on_gap(self->arg, self->topic, from, (cursor_t){epoch, 0});
}

void followed_stream_renewed(followed_stream_t *self, cursor_t former, uint64_t epoch)
{
    bool goes_on = self->followed && !self->ahead && self->next.epoch == former.epoch && epoch > former.epoch;
    if (!goes_on || self->next.seq <= former.seq)
        return;
    cursor_t last = {epoch, self->next.seq - 1 - former.seq};
    go_over(self, last);
    self->sink->on_renewed(self->arg, self->topic, former, last);
}

/* False when the cursor belongs to an older journal. */
static bool same_epoch(followed_stream_t *self, uint64_t epoch)
{
    if (epoch > self->next.epoch)
        change_epoch(self, epoch);
    return epoch == self->next.epoch;
}

/* Only a run without a hole is held; what does not fit or does not follow comes by the next repair. */
static void hold(followed_stream_t *self, uint64_t seq, text_t json)
{
    if (self->held_last != 0 && seq != self->held_last + 1)
        return;
    char *room = buffer_room(&self->held, sizeof json.length + json.length);
    if (!room)
        return;
    memcpy(room, &json.length, sizeof json.length);
    memcpy(room + sizeof json.length, json.at, json.length);
    buffer_took(&self->held, sizeof json.length + json.length);
    if (self->held_first == 0)
        self->held_first = seq;
    self->held_last = seq;
}

/* Something behind what is known was heard of. */
static void note_gap(followed_stream_t *self)
{
    bool seen = !self->initial && self->newest < self->next.seq;
    self->own.gaps_seen += seen;
    self->counts->gaps_seen += seen;
}

void followed_stream_live(followed_stream_t *self, const trade_t *trade, text_t json)
{
    if (!same_epoch(self, trade->cursor.epoch) || trade->cursor.seq < self->next.seq) {
        self->own.duplicates++;
        self->counts->duplicates++;
        return;
    }
    if (trade->cursor.seq == self->next.seq && self->held_last == 0) {
        deliver(self, trade, json);
        return;
    }
    note_gap(self);
    if (self->newest < trade->cursor.seq)
        self->newest = trade->cursor.seq;
    hold(self, trade->cursor.seq, json);
}

void followed_stream_reaches(followed_stream_t *self, cursor_t last)
{
    if (!self->followed) { /* nothing was had: what was said last counts */
        self->next.epoch = last.epoch;
        self->newest = last.seq;
        return;
    }
    self->ahead = cursor_compare(last, (cursor_t){self->next.epoch, self->next.seq - 1}) < 0;
    if (!same_epoch(self, last.epoch) || last.seq <= self->newest)
        return;
    note_gap(self);
    self->newest = last.seq;
}

bool followed_stream_needs_repair(const followed_stream_t *self)
{
    return self->followed && self->repair == 0 && self->next.epoch != 0 && (self->newest >= self->next.seq || self->initial);
}

void followed_stream_repair_request(followed_stream_t *self, buffer_t *out)
{
    if (self->held_first > self->next.seq)
        self->repair_to = self->held_first - 1;
    else
        self->repair_to = self->newest >= self->next.seq ? self->newest : 0;
    cursor_t to = {self->next.epoch, self->repair_to};
    range_request_print(out, self->topic, self->next, self->repair_to ? &to : NULL, FOLLOWED_STREAM_PAGE);
}

static void release_held(followed_stream_t *self)
{
    size_t at = 0;
    while (self->followed && at < self->held.length) {
        text_t json;
        memcpy(&json.length, self->held.bytes + at, sizeof json.length);
        json.at = self->held.bytes + at + sizeof json.length;
        trade_t trade;
        if (!trade_parse(json, &trade) || trade.cursor.epoch != self->next.epoch || trade.cursor.seq > self->next.seq)
            break; /* another hole before the held ones: keep them */
        at += sizeof json.length + json.length;
        if (trade.cursor.seq == self->next.seq)
            deliver(self, &trade, json);
    }
    if (at < self->held.length)
        buffer_consume(&self->held, at);
    else
        drop_held(self);
}

static bool take_page(followed_stream_t *self, text_t trades)
{
    json_walk_t walk = json_walk(trades);
    while (self->followed && json_next(&walk)) {
        trade_t trade;
        if (!trade_parse(walk.value, &trade) || !text_equal(trade.symbol, self->symbol) ||
            !text_equal(trade.source, self->source))
            return false;
        if (trade.cursor.epoch > self->next.epoch)
            return false; /* the bus tells of another epoch, and how it goes on from this one */
        if (!same_epoch(self, trade.cursor.epoch) || trade.cursor.seq < self->next.seq)
            continue;
        if (trade.cursor.seq > self->next.seq)
            skip_to(self, trade.cursor.seq);
        self->own.gaps_repaired += !self->initial;
        self->counts->gaps_repaired += !self->initial;
        deliver(self, &trade, walk.value);
    }
    return true;
}

bool followed_stream_repaired(followed_stream_t *self, text_t answer)
{
    range_answer_t page;
    cursor_t before = self->next;
    self->repair = 0;
    if (!range_answer_parse(answer, &page) || !take_page(self, page.trades)) {
        release_held(self); /* it may be that nothing is missing before them */
        static log_limit_t limit;
        if (answer.length > 0 && log_allowed(&limit, clock_mono_ns()))
            log_warn("follower: replay did not answer with trades", LOG_SLICE("topic", self->topic),
                     LOG_SLICE("answer", ((text_t){answer.at, answer.length < 200 ? answer.length : 200})),
                     LOG_U64("suppressed", log_suppressed(&limit)));
        return false;
    }
    if (!self->followed)
        return true;
    if (page.has_next)
        return cursor_compare(before, self->next) < 0;
    if (self->repair_to >= self->next.seq)
        skip_to(self, self->repair_to + 1); /* known to have been, and gone */
    self->initial = false;
    release_held(self);
    return true;
}
