#include "gatewayd/subscribe/subscribe_fetch.h"

#include "common/json/json.h"
#include "common/json/json_write.h"
#include "gatewayd/clients/conversation.h"
#include "gatewayd/clients/readers.h"
#include "gatewayd/history/pieces.h"
#include "gatewayd/streams/snapshot.h"
#include "gatewayd/subscribe/subscribe_answer.h"
#include "proto/request.h"

static bool read_trades(text_t answer, text_t *trades)
{
    if (answer.length == 0 || !json_valid(answer) || json_kind(json_member(answer, "ok")) != JSON_TRUE)
        return false;
    *trades = json_member(answer, "trades");
    return json_kind(*trades) == JSON_ARRAY;
}

static void on_history(void *arg, text_t answer)
{
    subscribe_t *subscribe = arg;
    hub_t *hub = subscribe->hub;
    text_t trades;
    subscribe->call = NULL;
    turns_leave(&hub->turns, &subscribe->turn);
    subscribe->partial = !read_trades(answer, &trades);
    if (!subscribe->partial) {
        snapshot_t snapshot;
        subscribe_snapshot(subscribe, &snapshot);
        buffer_clear(&subscribe->history);
        buffer_append(&subscribe->history, trades);
        if (snapshot_history_lags(&snapshot, trades, subscribe->count) && ++subscribe->tries < SUBSCRIBE_FETCH_TRIES) {
            subscribe->retry_ns = hub_now_ns(hub) + HISTORY_RETRY_MS * NS_PER_MS;
            subscribe->advance(subscribe);
            return;
        }
    }
    subscribe->stage++;
    subscribe->advance(subscribe);
}

/* Of a source that has no ring yet nothing says up to where its records are known to a role with a delay. */
static period_t period_of(const subscribe_t *subscribe)
{
    int64_t delay_ns = subscribe->subscription->market->delay_ns;
    return (period_t){.after_ns = subscribe->visible.after_ns,
                      .before_ns = delay_ns > 0 ? hub_now_ns(subscribe->hub) - delay_ns : INT64_MAX};
}

/* {"op":"recent",…,"upto":{"<source>":"<epoch>-<seq>",…}} */
static void print_request(const subscribe_t *subscribe, const snapshot_t *snapshot, buffer_t *out)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "op", TEXT("recent"));
    json_put_text(&json, "symbol", subscribe->symbol);
    json_put_u64(&json, "count", subscribe->count);
    period_put(period_of(subscribe), &json);
    json_open_object(&json, "upto");
    for (size_t i = 0; i < snapshot->count; i++) {
        json_put_name(&json, snapshot->streams[i].source);
        cursor_put(&json, NULL, snapshot_boundary(&snapshot->streams[i]));
    }
    json_close_object(&json);
    json_close_object(&json);
}

/* Its turn has come (turns.h). Where nobody can be asked it goes on with what the rings have. */
static void on_turn(turn_t *turn)
{
    subscribe_t *subscribe = LIST_OWNER(turn, subscribe_t, turn);
    hub_t *hub = subscribe->hub;
    snapshot_t snapshot;
    buffer_t request = buffer_new(REQUEST_MAX);
    subscribe_snapshot(subscribe, &snapshot);
    print_request(subscribe, &snapshot, &request);
    subscribe->call = buffer_ok(&request) && reply_wanted(subscribe->reply)
                          ? history_ask(hub->history, buffer_text(&request), on_history, subscribe)
                          : NULL;
    buffer_release(&request);
    subscribe->partial = !subscribe->call;
    if (subscribe->call)
        return;
    turns_leave(&hub->turns, turn);
    if (!subscribe->entering)
        subscribe->advance(subscribe);
}

subscribe_step_t subscribe_fetch(subscribe_t *subscribe)
{
    hub_t *hub = subscribe->hub;
    snapshot_t snapshot;
    subscribe_snapshot(subscribe, &snapshot);
    if (subscribe->count == 0 || subscribe->partial || !snapshot_needs_history(&snapshot, subscribe->count))
        return SUBSCRIBE_NEXT;
    if (hub_now_ns(hub) < subscribe->retry_ns)
        return SUBSCRIBE_AGAIN;
    if (subscribe->turn.asker)
        return SUBSCRIBE_WAIT;
    subscribe->turn = (turn_t){.bytes = (size_t)subscribe->count * PIECE_TRADE_BYTES, .begin = on_turn};
    list_init(&subscribe->turn.in_asker);
    subscribe->entering = true;
    subscribe->partial = !turns_enter(&hub->turns, &subscribe->talk->caller.asker, &subscribe->turn) || subscribe->partial;
    subscribe->entering = false;
    return subscribe->partial ? SUBSCRIBE_NEXT : SUBSCRIBE_WAIT;
}
