#include "gatewayd/history/history_floor.h"

#include "common/json/json.h"
#include "common/timestamp.h"
#include "proto/trade.h"

enum { NS_DIGITS = 9 };

void history_floor_put(json_writer_t *json, int64_t oldest_ns)
{
    char after[TIMESTAMP_MAX];
    if (oldest_ns != 0)
        json_put_text(json, "after", (text_t){after, timestamp_print(after, oldest_ns, NS_DIGITS)});
}

/* One record of a stream: {"op":…,"symbol":…,"source":…,"after" or "before":…,"count":1}. */
static history_call_t *ask_one(history_client_t *history, const char *op, text_t subject, text_t source, const char *bound,
                               int64_t bound_ns, requester_fn *done, void *arg)
{
    char text[TIMESTAMP_MAX];
    buffer_t request = buffer_new(REQUEST_MAX);
    json_writer_t json = json_write(&request);
    json_open_object(&json, NULL);
    json_put_text(&json, "op", text_of(op));
    json_put_text(&json, "symbol", subject);
    json_put_text(&json, "source", source);
    json_put_text(&json, bound, (text_t){text, timestamp_print(text, bound_ns, NS_DIGITS)});
    json_put_u64(&json, "count", 1);
    json_close_object(&json);
    history_call_t *call = buffer_ok(&request) ? history_ask(history, buffer_text(&request), done, arg) : NULL;
    buffer_release(&request);
    return call;
}

history_call_t *history_floor_ask(history_client_t *history, text_t subject, text_t source, int64_t oldest_ns,
                                  requester_fn *done, void *arg)
{
    return ask_one(history, "since", subject, source, "after", oldest_ns, done, arg);
}

history_call_t *history_ceiling_ask(history_client_t *history, text_t subject, text_t source, int64_t newest_ns,
                                    requester_fn *done, void *arg)
{
    return ask_one(history, "recent", subject, source, "before", newest_ns, done, arg);
}

history_floor_t history_floor_read(text_t answer, cursor_t *place)
{
    if (answer.length == 0 || !json_valid(answer) || json_kind(json_member(answer, "ok")) != JSON_TRUE)
        return HISTORY_FLOOR_UNKNOWN;
    json_walk_t walk = json_walk(json_member(answer, "trades"));
    if (!json_next(&walk))
        return HISTORY_FLOOR_NONE;
    return trade_cursor(walk.value, place) ? HISTORY_FLOOR_FOUND : HISTORY_FLOOR_UNKNOWN;
}
