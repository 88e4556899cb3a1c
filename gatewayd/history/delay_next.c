/* What comes next in a delayed stream: from the live ring, or from a page of history. */
#include "gatewayd/history/delay.h"

#include "proto/request.h"
#include "proto/trade.h"

static void drop_page(delay_t *self)
{
    buffer_clear(&self->page);
    self->next = (text_t){"", 0};
}

/* Moves to the page's first record behind what was passed. */
static bool advance_page(delay_t *self, cursor_t *at)
{
    while (self->next.length > 0) {
        if (trade_cursor(self->next, at) && cursor_compare(*at, self->passed) > 0)
            return true;
        self->next = json_next(&self->walk) ? self->walk.value : (text_t){"", 0};
    }
    return false;
}

/* Nothing is between. What is between two epochs nobody knows, and the turn says so. */
static bool follows(const delay_t *self, cursor_t at)
{
    return at.epoch != self->passed.epoch || at.seq == self->passed.seq + 1;
}

void delay_pass(delay_t *self, cursor_t to)
{
    if (cursor_compare(to, self->passed) <= 0)
        return;
    self->loses = true;
    self->passed = self->told = to;
    self->stuck_ns = self->retry_ns = 0;
}

/* Has history been asked in vain for long enough? */
static bool out_of_patience(delay_t *self)
{
    if (self->stuck_ns == 0)
        self->stuck_ns = self->shared->now_ns;
    delay_try_again(self);
    return self->shared->now_ns - self->stuck_ns >= HISTORY_PATIENCE_MS * NS_PER_MS;
}

/* So that a page lasts for some seconds. */
static void fit_page(delay_t *self)
{
    enum { SHORT_MS = 1000, LONG_MS = 10000 };
    int64_t lasted_ns = self->shared->now_ns - self->page_ns;
    if (lasted_ns < SHORT_MS * NS_PER_MS && self->page_count < DELAY_PAGE_MAX)
        self->page_count *= 2;
    else if (lasted_ns > LONG_MS * NS_PER_MS && self->page_count > DELAY_PAGE_MIN)
        self->page_count /= 2;
    self->page_ns = self->shared->now_ns;
}

/* There is no record before `to`: is that so for ever? */
static void find_nothing(delay_t *self, bool final)
{
    cursor_t floor = ring_floor(self->live->ring);
    bool ends = cursor_compare(self->asked_to, floor) < 0;
    if (out_of_patience(self))
        delay_pass(self, floor);
    else if (final)
        delay_pass(self, ends ? self->asked_to : floor);
}

static void on_page(void *arg, range_certainty_t certainty, const range_answer_t *page)
{
    delay_t *self = arg;
    cursor_t at;
    self->call = NULL;
    drop_page(self);
    buffer_append(&self->page, page->trades);
    if (buffer_ok(&self->page) && self->page.length > 0) {
        self->walk = json_walk(buffer_text(&self->page));
        self->next = json_next(&self->walk) ? self->walk.value : (text_t){"", 0};
    }
    fit_page(self);
    if (!advance_page(self, &at)) {
        find_nothing(self, certainty == RANGE_FINAL && !page->has_next);
    } else if (follows(self, at)) {
        self->stuck_ns = self->retry_ns = 0;
    } else if (out_of_patience(self) || certainty != RANGE_UNKNOWN) {
        delay_pass(self, cursor_before(at));
    } else {
        drop_page(self);
    }
}

static void ask_page(delay_t *self)
{
    if (self->call || self->shared->now_ns < self->retry_ns)
        return;
    self->asked_to = ring_last(self->live->ring);
    self->call = history_range(self->shared->history, self->stream->topic, cursor_behind(self->passed), self->asked_to,
                               self->page_count, on_page, self);
    if (!self->call && out_of_patience(self))
        delay_pass(self, ring_floor(self->live->ring));
}

/* The next frame of the live ring; json is empty for a gap. False: it has no other, or does not reach so far back. */
static bool next_of_ring(const delay_t *self, cursor_t *at, text_t *json)
{
    uint64_t behind;
    return ring_behind(self->live->ring, self->passed, &behind) && behind > 0 &&
           ring_entry(self->live->ring, (size_t)behind - 1, at, json);
}

static bool next_of_page(delay_t *self, cursor_t *at, text_t *json)
{
    bool found = advance_page(self, at) && follows(self, *at);
    *json = self->next;
    if (!found)
        drop_page(self);
    return found;
}

/* False: it is still to be fetched, or there is none. */
bool delay_next(delay_t *self, cursor_t *at, text_t *json)
{
    if (cursor_compare(self->passed, ring_last(self->stream->ring)) < 0) { /* in another epoch now (markets_renew) */
        self->passed = self->told = ring_last(self->stream->ring);
        self->loses = false;
    }
    if (next_of_ring(self, at, json) || next_of_page(self, at, json))
        return true;
    if (cursor_compare(self->passed, ring_floor(self->live->ring)) < 0)
        ask_page(self);
    return false;
}
