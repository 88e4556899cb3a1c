#include "cached/archive/refetch.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/json/json.h"
#include "common/log.h"
#include "proto/record.h"
#include "proto/request.h"
#include "proto/topic.h"
#include "proto/trade.h"

enum { PAGE_TRADES = 2000, RETRY_MS = 500, SHOWN_MAX = 200 };

struct refetch {
    void (*arrived)(void *arg);
    void *arg;
    buffer_t request;
    requester_t *replay;
    uint64_t handle; /* of the request under way; 0: none */
    cursor_t from, to;
    refetch_page_t page;
    bool full; /* the page waits to be stored */
};

/* What comes in order from the range that was asked for. Where it does not fit, the page ends before it. */
static bool take(refetch_t *self, const range_answer_t *answer)
{
    text_t topic = memory_log_topic(self->page.stored_place->memory_log);
    cursor_t last = {self->from.epoch, self->from.seq - 1};
    json_walk_t walk = json_walk(answer->trades);
    self->page.upto = answer->has_next ? (cursor_t){answer->next.epoch, answer->next.seq - 1} : self->to;
    while (json_next(&walk)) {
        trade_t trade;
        if (!record_parse(walk.value, &trade) || !record_is_of(&trade, topic))
            return false;
        if (cursor_compare(trade.cursor, last) <= 0 || cursor_compare(trade.cursor, self->to) > 0)
            continue;
        store_trade_t stored = {topic, trade.cursor, trade_time_ns(&trade), walk.value};
        if (!trade_batch_add(self->page.batch, &stored)) {
            self->page.upto = last;
            break;
        }
        last = trade.cursor;
    }
    return cursor_compare(self->page.upto, self->from) >= 0 && cursor_compare(self->page.upto, self->to) <= 0;
}

/* The journal does not know the stream: it has none of what is asked for. */
static bool is_unknown(text_t answer)
{
    text_t code;
    return json_plain_string(json_member(json_member(answer, "error"), "code"), &code) &&
           text_equal(code, TEXT(ERROR_INVALID_TOPIC));
}

static void complain(const refetch_t *self, text_t answer)
{
    static log_limit_t limit;
    if (answer.length > SHOWN_MAX)
        answer.length = SHOWN_MAX;
    log_warn_limited(&limit, "store: catching up: replay did not answer with trades",
                     LOG_SLICE("topic", memory_log_topic(self->page.stored_place->memory_log)), LOG_SLICE("answer", answer));
}

static void retry_later(refetch_t *self)
{
    self->page.stored_place->retry_ns = clock_mono_ns() + RETRY_MS * NS_PER_MS;
    refetch_stored(self);
}

static void on_answer(void *arg, text_t answer)
{
    refetch_t *self = arg;
    range_answer_t range;
    self->handle = 0;
    trade_batch_clear(self->page.batch);
    if (answer.length > 0 && json_valid(answer) && is_unknown(answer)) {
        self->page.upto = self->to;
        self->full = true;
    } else {
        self->full = range_answer_parse(answer, &range) && take(self, &range);
    }
    if (self->full) {
        self->page.missing = self->page.upto.seq - self->from.seq + 1 - self->page.batch->count;
    } else {
        complain(self, answer);
        retry_later(self);
    }
    self->arrived(self->arg);
}

refetch_t *refetch_new(void (*arrived)(void *arg), void *arg)
{
    refetch_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->arrived = arrived;
    self->arg = arg;
    self->request = buffer_new(0);
    self->page.batch = trade_batch_new();
    if (!self->page.batch)
        refetch_destroy(&self);
    return self;
}

void refetch_destroy(refetch_t **self_p)
{
    refetch_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    refetch_drop(self);
    buffer_release(&self->request);
    trade_batch_destroy(&self->page.batch);
    free(self);
}

bool refetch_busy(const refetch_t *self)
{
    return self->page.stored_place != NULL;
}

void refetch_begin(refetch_t *self, stored_place_t *stored_place, cursor_t from, cursor_t to, requester_t *replay)
{
    self->page.stored_place = stored_place;
    self->from = from;
    self->to = to;
    self->replay = replay;
    buffer_clear(&self->request);
    range_request_print(&self->request, memory_log_topic(stored_place->memory_log), from, &to, PAGE_TRADES);
    if (replay && buffer_ok(&self->request))
        self->handle = requester_send(replay, buffer_text(&self->request), on_answer, self);
    if (self->handle == 0)
        retry_later(self);
}

const refetch_page_t *refetch_page(const refetch_t *self)
{
    return self->full ? &self->page : NULL;
}

void refetch_drop(refetch_t *self)
{
    if (self->handle)
        requester_cancel(self->replay, self->handle);
    self->handle = 0;
    refetch_stored(self);
}

void refetch_stored(refetch_t *self)
{
    self->page.stored_place = NULL;
    self->full = false;
}
