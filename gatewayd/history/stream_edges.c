#include "gatewayd/history/stream_edges.h"

#include "common/json/json.h"
#include "gatewayd/auth/period.h"
#include "proto/trade.h"

/* One record of a stream: {"op":…,"symbol":…,"source":…,"after" or "before":…,"count":1}. */
static history_call_t *ask_one(history_client_t *history, const char *op, text_t subject, text_t source, period_t period,
                               requester_fn *done, void *arg)
{
    buffer_t request = buffer_new(REQUEST_MAX);
    json_writer_t json = json_write(&request);
    json_open_object(&json, NULL);
    json_put_text(&json, "op", text_of(op));
    json_put_text(&json, "symbol", subject);
    json_put_text(&json, "source", source);
    period_put(period, &json);
    json_put_u64(&json, "count", 1);
    json_close_object(&json);
    history_call_t *call = buffer_ok(&request) ? history_ask(history, buffer_text(&request), done, arg) : NULL;
    buffer_release(&request);
    return call;
}

history_call_t *stream_start_ask(history_client_t *history, text_t subject, text_t source, int64_t after_ns, requester_fn *done,
                                 void *arg)
{
    return ask_one(history, "since", subject, source, (period_t){after_ns, INT64_MAX}, done, arg);
}

edge_t stream_start_read(text_t answer, cursor_t *place)
{
    if (answer.length == 0 || !json_valid(answer) || json_kind(json_member(answer, "ok")) != JSON_TRUE)
        return EDGE_UNKNOWN;
    json_walk_t walk = json_walk(json_member(answer, "trades"));
    if (!json_next(&walk))
        return EDGE_NONE;
    return trade_cursor(walk.value, place) ? EDGE_FOUND : EDGE_UNKNOWN;
}

/* --- the end --- */

/* What came between both answers, and is not yet in the period, is not ahead of what was the last one before. */
static void on_first_beyond(void *arg, text_t answer)
{
    stream_end_t *self = arg;
    cursor_t beyond, end = self->last;
    self->call = NULL;
    edge_t found = stream_start_read(answer, &beyond);
    if (found == EDGE_FOUND && cursor_compare(beyond, end) < 0)
        end = cursor_before(beyond);
    self->done(self->arg, found == EDGE_UNKNOWN ? EDGE_UNKNOWN : EDGE_FOUND, end);
}

static void on_last_within(void *arg, text_t answer)
{
    stream_end_t *self = arg;
    self->call = NULL;
    edge_t found = stream_start_read(answer, &self->last);
    if (found == EDGE_FOUND)
        self->call = stream_start_ask(self->history, self->subject, self->source, self->before_ns - 1, on_first_beyond, self);
    if (!self->call)
        self->done(self->arg, found == EDGE_NONE ? EDGE_NONE : EDGE_UNKNOWN, (cursor_t){0});
}

bool stream_end_find(stream_end_t *self, history_client_t *history, text_t subject, text_t source, int64_t before_ns,
                     stream_end_fn *done, void *arg)
{
    *self = (stream_end_t){
        .history = history, .subject = subject, .source = source, .before_ns = before_ns, .done = done, .arg = arg};
    self->call = ask_one(history, "recent", subject, source, (period_t){INT64_MIN, before_ns}, on_last_within, self);
    return self->call != NULL;
}

void stream_end_cancel(stream_end_t *self)
{
    history_cancel(&self->call);
}
