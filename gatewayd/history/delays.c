#include "gatewayd/history/delays.h"

#include "common/log.h"
#include "gatewayd/history/delay.h"
#include "proto/record.h"

#include <stdlib.h>

struct delays {
    markets_t *markets;
    delay_shared_t shared;
    list_t streams; /* delay_t.in_delays */
    size_t count;
};

/* --- a stream comes and goes --- */

static void delay_open(delays_t *self, live_stream_t *stream)
{
    delay_t *delay = calloc(1, sizeof *delay);
    if (!delay) {
        log_error("delays: out of memory", LOG_SLICE("topic", stream->topic));
        return;
    }
    delay->shared = &self->shared;
    delay->stream = stream;
    delay->live = market_find(stream->market->live, stream->source);
    delay->page = buffer_new(0);
    delay->page_count = DELAY_PAGE_MIN;
    list_init(&delay->in_delays);
    list_append(&self->streams, &delay->in_delays);
    self->count++;
    stream->delay = delay;
}

static void delay_close(delays_t *self, delay_t *delay)
{
    self->count--;
    stream_end_cancel(&delay->end);
    history_cancel(&delay->call);
    buffer_release(&delay->page);
    list_remove(&delay->in_delays);
    delay->stream->delay = NULL;
    free(delay);
}

static void on_delayed(void *arg, live_stream_t *stream, bool opened)
{
    if (opened)
        delay_open(arg, stream);
    else if (stream->delay)
        delay_close(arg, stream->delay);
}

delays_t *delays_new(markets_t *markets, history_client_t *history, delays_begun_fn *begun, void *arg)
{
    delays_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->markets = markets;
    self->shared = (delay_shared_t){.history = history, .begun = begun, .arg = arg};
    list_init(&self->streams);
    markets_tell_delayed(markets, on_delayed, self);
    return self;
}

void delays_destroy(delays_t **self_p)
{
    delays_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    for (list_t *item; (item = list_take(&self->streams));)
        delay_close(self, LIST_OWNER(item, delay_t, in_delays));
    markets_tell_delayed(self->markets, NULL, NULL);
    free(self);
}

size_t delays_streams(const delays_t *self)
{
    return self->count;
}

uint64_t delays_records(const delays_t *self)
{
    return self->shared.records;
}

/* --- what is due --- */

/* What is no record need not wait. */
static int64_t made_ns_of(text_t json)
{
    trade_t record;
    return record_parse(json, &record) ? delay_made_ns(&record) : INT64_MIN;
}

static void hand_on(delay_t *self, cursor_t at, text_t json)
{
    cursor_t told = at;
    trade_cursor(json, &told);
    if (self->loses)
        market_gap(self->stream, cursor_behind(ring_last(self->stream->ring)), self->passed);
    self->loses = false;
    if (told.epoch != self->told.epoch)
        market_turn(self->stream, cursor_behind(self->told), cursor_before(told));
    market_append(self->stream, at, json);
    self->passed = at;
    self->told = told;
    self->shared->records++;
    self->shared->grown = true;
}

static void feed(delay_t *self)
{
    cursor_t at;
    text_t json;
    int64_t now_ns = self->shared->now_ns;
    for (size_t i = 0; i < DELAYS_TICK_MAX && now_ns >= self->due_ns; i++) {
        self->due_ns = 0;
        if (!delay_next(self, &at, &json))
            break;
        int64_t made_ns = json.length > 0 ? made_ns_of(json) : INT64_MIN;
        if (made_ns > delay_horizon_ns(self))
            self->due_ns = made_ns + self->stream->market->delay_ns;
        else if (json.length > 0)
            hand_on(self, at, json);
        else
            delay_pass(self, at);
    }
}

bool delays_tick(delays_t *self, int64_t now_ns)
{
    self->shared.now_ns = now_ns;
    for (list_t *item = self->streams.next, *next; item != &self->streams; item = next) {
        delay_t *delay = LIST_OWNER(item, delay_t, in_delays);
        next = item->next;
        if (!delay->stream->ring)
            delay_begin(delay);
        if (delay->stream->ring)
            feed(delay);
    }
    bool grown = self->shared.grown;
    self->shared.grown = false;
    return grown;
}
