#include "common/bus/followed_stream.h"

#include "common/clock.h"
#include "common/json/json.h"
#include "common/log.h"
#include "proto/record.h"
#include "proto/request.h"

#include <assert.h>
#include <stdlib.h>

typedef enum {
    ON_HOLD, /* five of its owner's */
    ON_RESUME,
    ON_LOCATE,
    ON_BEGIN,
    ON_END,
    ON_STATUS,    /* connectord says how far it reaches */
    ON_RENEWED,   /* … and that a journal was renewed of which this stream has had all */
    ON_EPOCH,     /* a status or a trade is of a later epoch */
    ON_HAD,       /* a trade came that was had, or is of an older epoch */
    ON_NEXT,      /* … that is the next one, and none is held back */
    ON_LATER,     /* … that is behind the next one; or a status tells of such a one */
    ON_PAGED,     /* … in an answer, and is the next one that can be had */
    ON_LAST_PAGE, /* all of an answer has been taken, and no page follows: what is held back comes next */
    ON_FILLED,    /* nothing of a hole is missing now */
    EVENTS
} followed_stream_event_t;

typedef enum {
    IMPOSSIBLE, /* asserted */
    IGNORE,
    ENTER,   /* the state, and nothing more */
    PLACE,   /* that is where it ends, or where its owner left off */
    COMPARE, /* with what was had */
    CARRY,   /* it goes on in the renewed journal without a hole */
    CHANGE,  /* it begins the epoch at 1 */
    DROP,
    DELIVER,
    REPAIR, /* deliver what was missing */
    MISS,   /* a gap is seen, and … */
    NOTE    /* … how far it reaches is noted */
} followed_stream_action_t;

enum { STATES = FOLLOWED_STREAM_HOLED + 1 };

#define UNWANTED FOLLOWED_STREAM_UNWANTED
#define WAITING  FOLLOWED_STREAM_WAITING
#define LOCATING FOLLOWED_STREAM_LOCATING
#define STARTING FOLLOWED_STREAM_STARTING
#define WHOLE    FOLLOWED_STREAM_WHOLE
#define HOLED    FOLLOWED_STREAM_HOLED

/* In every state in which it is not followed. Trades are ignored: a callback of the same call may just have ended it. */
#define ASIDE(state)                                                                                                           \
    [ON_STATUS] = {PLACE, state}, [ON_RENEWED] = {IGNORE, state}, [ON_HAD] = {IGNORE, state}, [ON_NEXT] = {IGNORE, state},     \
    [ON_LATER] = {IGNORE, state}, [ON_PAGED] = {IGNORE, state}, [ON_LAST_PAGE] = {IGNORE, state}

/* In every state in which it is. */
#define FOLLOWED(state)                                                                                                        \
    [ON_HOLD] = {IGNORE, state}, [ON_RESUME] = {IGNORE, state}, [ON_END] = {ENTER, UNWANTED}, [ON_STATUS] = {COMPARE, state},  \
    [ON_HAD] = {DROP, state}, [ON_NEXT] = {DELIVER, state}

/* What is not listed is impossible. */
static const struct {
    followed_stream_action_t action;
    followed_stream_state_t next;
} transitions[STATES][EVENTS] = {
    [UNWANTED] = {ASIDE(UNWANTED), [ON_HOLD] = {ENTER, WAITING}, [ON_RESUME] = {PLACE, UNWANTED},
                  [ON_LOCATE] = {ENTER, LOCATING}, [ON_BEGIN] = {ENTER, STARTING}, [ON_END] = {IGNORE, UNWANTED}},
    [WAITING] = {ASIDE(WAITING), [ON_HOLD] = {IGNORE, WAITING}, [ON_RESUME] = {PLACE, UNWANTED}, [ON_END] = {IGNORE, WAITING}},
    [LOCATING] = {ASIDE(LOCATING), [ON_HOLD] = {IGNORE, LOCATING}, [ON_RESUME] = {PLACE, LOCATING},
                  [ON_BEGIN] = {ENTER, STARTING}, [ON_END] = {ENTER, UNWANTED}},
    [STARTING] = {FOLLOWED(STARTING), [ON_RENEWED] = {CARRY, STARTING}, [ON_EPOCH] = {CHANGE, STARTING},
                  [ON_LATER] = {NOTE, STARTING}, [ON_PAGED] = {DELIVER, STARTING}, [ON_LAST_PAGE] = {ENTER, HOLED}},
    [WHOLE] = {FOLLOWED(WHOLE), [ON_RENEWED] = {CARRY, WHOLE}, [ON_EPOCH] = {CHANGE, WHOLE}, [ON_LATER] = {MISS, HOLED},
               [ON_PAGED] = {REPAIR, WHOLE}, [ON_LAST_PAGE] = {IGNORE, WHOLE}},
    [HOLED] = {FOLLOWED(HOLED), [ON_RENEWED] = {CARRY, WHOLE}, [ON_EPOCH] = {CHANGE, WHOLE}, [ON_LATER] = {NOTE, HOLED},
               [ON_PAGED] = {REPAIR, HOLED}, [ON_LAST_PAGE] = {IGNORE, HOLED}, [ON_FILLED] = {ENTER, WHOLE}},
};

static followed_stream_action_t step(followed_stream_t *self, followed_stream_event_t event)
{
    followed_stream_state_t was = self->state;
    assert(transitions[was][event].action != IMPOSSIBLE);
    if (transitions[was][event].next != was) /* else a trade waits for what the one before it has written: 1 ns */
        self->state = transitions[was][event].next;
    return transitions[was][event].action;
}

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

void followed_stream_hold(followed_stream_t *self)
{
    step(self, ON_HOLD);
}

void followed_stream_resume(followed_stream_t *self, cursor_t last)
{
    if (step(self, ON_RESUME) == PLACE)
        self->resume = last;
}

void followed_stream_locate(followed_stream_t *self, uint64_t request)
{
    step(self, ON_LOCATE);
    self->repair = request;
}

void followed_stream_begin(followed_stream_t *self, cursor_t last)
{
    step(self, ON_BEGIN);
    self->next = (cursor_t){last.epoch, last.seq + 1};
    self->newest = last.seq;
    drop_held(self);
}

void followed_stream_end(followed_stream_t *self)
{
    step(self, ON_END);
    self->ahead = false;
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

/* A later epoch begins: the journal was lost and a new one begun. What the old one had after our place is unknown. */
static void enter_epoch(followed_stream_t *self, uint64_t epoch)
{
    cursor_t from = self->next;
    step(self, ON_EPOCH);
    go_over(self, (cursor_t){epoch, 0});
    if (self->fresh)
        return;
    log_warn("follower: the journal was lost; a new one has begun", LOG_SLICE("topic", self->topic), LOG_U64("epoch", epoch));
    self->sink->on_gap(self->arg, self->topic, from, (cursor_t){epoch, 0});
}

void followed_stream_renewed(followed_stream_t *self, cursor_t former, uint64_t epoch)
{
    bool had_all = !self->ahead && self->next.epoch == former.epoch && epoch > former.epoch && self->next.seq > former.seq;
    if (!had_all || step(self, ON_RENEWED) != CARRY)
        return;
    cursor_t last = {epoch, self->next.seq - 1 - former.seq};
    go_over(self, last);
    self->sink->on_renewed(self->arg, self->topic, former, last);
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

/* Something behind the next one is there. */
static void note(followed_stream_t *self, followed_stream_action_t action, uint64_t seq)
{
    self->own.gaps_seen += action == MISS;
    self->counts->gaps_seen += action == MISS;
    if (self->newest < seq)
        self->newest = seq;
}

static void look_whether_filled(followed_stream_t *self)
{
    if (self->state == HOLED && self->newest < self->next.seq)
        step(self, ON_FILLED);
}

static followed_stream_event_t event_of(const followed_stream_t *self, cursor_t cursor)
{
    if (cursor.epoch != self->next.epoch || cursor.seq < self->next.seq)
        return ON_HAD;
    return cursor.seq == self->next.seq && self->held_last == 0 ? ON_NEXT : ON_LATER;
}

void followed_stream_live(followed_stream_t *self, const trade_t *trade, text_t json)
{
    if (trade->cursor.epoch > self->next.epoch)
        enter_epoch(self, trade->cursor.epoch);
    followed_stream_action_t action = step(self, event_of(self, trade->cursor));
    if (action == DELIVER) {
        deliver(self, trade, json);
        look_whether_filled(self);
    } else if (action == DROP) {
        self->own.duplicates++;
        self->counts->duplicates++;
    } else if (action == MISS || action == NOTE) {
        note(self, action, trade->cursor.seq);
        hold(self, trade->cursor.seq, json);
    }
}

void followed_stream_reaches(followed_stream_t *self, cursor_t last)
{
    if (step(self, ON_STATUS) == PLACE) { /* nothing was had: what was said last counts */
        self->next.epoch = last.epoch;
        self->newest = last.seq;
        return;
    }
    self->ahead = cursor_compare(last, (cursor_t){self->next.epoch, self->next.seq - 1}) < 0;
    if (last.epoch > self->next.epoch)
        enter_epoch(self, last.epoch);
    if (last.epoch == self->next.epoch && last.seq > self->newest)
        note(self, step(self, ON_LATER), last.seq);
}

bool followed_stream_needs_repair(const followed_stream_t *self)
{
    return (self->state == HOLED || self->state == STARTING) && self->repair == 0;
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
    while (followed_stream_is_followed(self) && at < self->held.length) {
        text_t json;
        memcpy(&json.length, self->held.bytes + at, sizeof json.length);
        json.at = self->held.bytes + at + sizeof json.length;
        trade_t trade;
        if (!record_parse(json, &trade) || trade.cursor.epoch != self->next.epoch || trade.cursor.seq > self->next.seq)
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
    while (followed_stream_is_followed(self) && json_next(&walk)) {
        trade_t trade;
        if (!record_parse(walk.value, &trade) || !record_is_of(&trade, self->topic))
            return false;
        if (trade.cursor.epoch > self->next.epoch)
            return false; /* the bus tells of another epoch, and how it goes on from this one */
        if (event_of(self, trade.cursor) == ON_HAD)
            continue;
        if (trade.cursor.seq > self->next.seq)
            skip_to(self, trade.cursor.seq);
        followed_stream_action_t action = step(self, ON_PAGED);
        self->own.gaps_repaired += action == REPAIR;
        self->counts->gaps_repaired += action == REPAIR;
        if (action != IGNORE)
            deliver(self, &trade, walk.value);
    }
    return true;
}

static void log_useless(const followed_stream_t *self, text_t answer)
{
    static log_limit_t limit;
    if (answer.length > 0)
        log_warn_limited(&limit, "follower: replay did not answer with trades", LOG_SLICE("topic", self->topic),
                         LOG_SLICE("answer", ((text_t){answer.at, answer.length < 200 ? answer.length : 200})));
}

/* No page follows: what was asked for and did not come is known to have been, and gone. */
static void end_repair(followed_stream_t *self)
{
    if (self->repair_to >= self->next.seq)
        skip_to(self, self->repair_to + 1);
    step(self, ON_LAST_PAGE);
    release_held(self);
}

bool followed_stream_repaired(followed_stream_t *self, text_t answer)
{
    range_answer_t page;
    cursor_t before = self->next;
    self->repair = 0;
    bool good = range_answer_parse(answer, &page) && take_page(self, page.trades), ends = good && !page.has_next;
    if (ends && followed_stream_is_followed(self))
        end_repair(self);
    else if (!good)
        release_held(self); /* it may be that nothing is missing before them */
    look_whether_filled(self);
    if (!good)
        log_useless(self, answer);
    return good && (ends || !followed_stream_is_followed(self) || cursor_compare(before, self->next) < 0);
}
