#include "gatewayd/subscribe/subscribe_answer.h"

#include "common/json/json.h"
#include "common/json/json_write.h"
#include "gatewayd/clients/conversation.h"
#include "gatewayd/clients/readers.h"
#include "gatewayd/forms/subject_form.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/offers.h"

enum { ANSWER_MAX = 16 << 20 };

/* The stream has never been where the client says it was: a mistake, or of a journal that is gone. */
static bool is_beyond(const live_stream_t *live_stream, cursor_t since)
{
    return live_stream->ring && cursor_compare(since, ring_last(live_stream->ring)) > 0;
}

/* Of a client that is beyond the stream. Another epoch is new to it, whole; in the same one it can't be said what is. */
static cursor_t beginning(cursor_t last, cursor_t since)
{
    return since.epoch != last.epoch ? (cursor_t){last.epoch, 0} : last;
}

/* The place behind which the client's updates of this stream begin. */
static cursor_t start_of(const subscribe_t *subscribe, const live_stream_t *live_stream)
{
    cursor_t start = {0};
    const reader_t *reader = subscription_reader(subscribe->subscription, live_stream);
    if (subscribe_since(subscribe, live_stream, &start) && is_beyond(live_stream, start))
        return beginning(ring_last(live_stream->ring), start);
    if (subscribe_since(subscribe, live_stream, &start))
        return start;
    if (reader && reader->has_last)
        return reader->last;
    if (live_stream->ring)
        return ring_last(live_stream->ring);
    const offer_t *offer = offers_find(subscribe->hub->offers, live_stream->source);
    if (offer)
        offer_has(offer, live_stream->symbol, &start);
    return start;
}

static void tell_gap(subscribe_t *subscribe, const live_stream_t *live_stream, cursor_t from, cursor_t to)
{
    char name[SUBJECT_FORM_METHOD_MAX];
    buffer_t params = buffer_new(0);
    notify_gap(&params, live_stream->symbol, live_stream->source, from, to);
    conversation_notify_later(subscribe->talk, subject_form_method(name, live_stream->symbol, TEXT("gap")),
                              buffer_text(&params));
    buffer_release(&params);
}

static void seat(subscribe_t *subscribe, live_stream_t *live_stream, cursor_t start)
{
    cursor_t since;
    reader_t *reader = subscription_reader(subscribe->subscription, live_stream);
    bool resumes = subscribe_since(subscribe, live_stream, &since);
    if (reader && !resumes && !reader->mark)
        return; /* it goes on from where it is */
    if (!reader && !(reader = reader_new(subscribe->subscription, live_stream)))
        return;
    conversation_hold(subscribe->talk);
    reader_hold(reader, start);
    reader_mark(reader, subscribe_said(subscribe, live_stream, &since) ? since : start);
    if (reader->latest || !subscribe_since(subscribe, live_stream, &since))
        return;
    bool hidden = subscribe_lifted(subscribe, live_stream, &since) && subscribe_said(subscribe, live_stream, &since);
    if (hidden || is_beyond(live_stream, since))
        tell_gap(subscribe, live_stream, (cursor_t){since.epoch, since.seq + 1}, start);
}

/* Who subscribes to a source that is down, or to a stream that starves, is told so, but not of trades that it may not see. */
static void tell_if_down(subscribe_t *subscribe, const live_stream_t *live_stream)
{
    const offer_t *offer = offers_find(subscribe->hub->offers, live_stream->source);
    offer_stale_t stale;
    bool starves = offer && offer_up(offer) && offer_is_stale(offer, live_stream->symbol, &stale);
    if (!offer || (offer_up(offer) && !starves))
        return;
    if (starves && (live_stream->market->live || !period_has(subscribe->visible, stale.last_ns)))
        return;
    buffer_t params = buffer_new(0);
    if (starves)
        notify_stale(&params, offer, &stale, hub_now_ns(subscribe->hub));
    else
        notify_lost(&params, offer, hub_now_ns(subscribe->hub));
    conversation_notify_later(subscribe->talk, TEXT("connection.lost"), buffer_text(&params));
    buffer_release(&params);
}

/* One cursor says it all where there is one stream; where there are several it is null. */
static void put_cursors(const snapshot_t *snapshot, json_writer_t *json)
{
    if (snapshot->count == 1)
        cursor_put(json, "cursor", snapshot->streams[0].start);
    else
        json_put_null(json, "cursor");
    json_open_object(json, "cursors");
    for (size_t i = 0; i < snapshot->count; i++) {
        json_put_name(json, snapshot->streams[i].source);
        cursor_put(json, NULL, snapshot->streams[i].start);
    }
    json_close_object(json);
}

/* {"blockchain":"Service temporarily unavailable"}: of which sources nothing comes, though it was asked of them; where there are some. */
static void put_failing(const subscribe_t *subscribe, json_writer_t *json)
{
    bool any = false;
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        const live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        const offer_t *offer =
            subscribe_takes(subscribe, live_stream) ? offers_find(subscribe->hub->offers, live_stream->source) : NULL;
        text_t reason = offer ? offer_failure(offer, live_stream->symbol) : TEXT("");
        if (reason.length == 0)
            continue;
        if (!any)
            json_open_object(json, "failing");
        any = true;
        json_put_name(json, live_stream->source);
        json_put_escaped(json, NULL, reason);
    }
    if (any)
        json_close_object(json);
}

/* {"blockchain":{"cursor":…,"time":…,"until":…}}: of which streams that is known; where there are some. */
static void put_oldest(const subscribe_t *subscribe, json_writer_t *json)
{
    bool any = false;
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        const live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        if (!subscribe->mark || !live_stream->oldest.known || !period_has(subscribe->visible, live_stream->oldest.time_ns) ||
            !subscribe_takes(subscribe, live_stream))
            continue;
        if (!any)
            json_open_object(json, "oldest");
        any = true;
        json_put_name(json, live_stream->source);
        oldest_put(&live_stream->oldest, subscribe->visible, json);
    }
    if (any)
        json_close_object(json);
}

static void print_answer(const subscribe_t *subscribe, const snapshot_t *snapshot, buffer_t *out)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    subject_form_put(&json, subscribe->symbol);
    json_put_text(&json, "event", TEXT("subscribed"));
    put_cursors(snapshot, &json);
    json_put_bool(&json, "recovered", subscribe->recovered);
    put_failing(subscribe, &json);
    put_oldest(subscribe, &json);
    if (subscribe->count > 0) {
        json_put_name(&json, text_of(subject_form_list(subscribe->symbol)));
        snapshot_print(snapshot, buffer_text(&subscribe->history), subscribe->count, out);
        if (subscribe->partial)
            json_put_bool(&json, "partial", true);
    }
    json_close_object(&json);
}

/* A stream that came when all the others had been found: where a delayed one is nobody knows yet. It joins when that is known, as others that come later. */
static bool is_answered(const subscribe_t *subscribe, const live_stream_t *live_stream)
{
    return subscribe_takes(subscribe, live_stream) && (live_stream->ring || !live_stream->market->live);
}

void subscribe_snapshot(const subscribe_t *subscribe, snapshot_t *snapshot)
{
    *snapshot = (snapshot_t){.all = subscribe->source.length == 0, .after_ns = subscribe->visible.after_ns};
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        if (is_answered(subscribe, live_stream) && snapshot->count < SNAPSHOT_STREAMS_MAX)
            snapshot->streams[snapshot->count++] =
                (snapshot_stream_t){live_stream->source, live_stream->ring, start_of(subscribe, live_stream)};
    }
}

void subscribe_answer(subscribe_t *subscribe)
{
    snapshot_t snapshot;
    buffer_t out = buffer_new(ANSWER_MAX);
    subscribe_snapshot(subscribe, &snapshot);
    print_answer(subscribe, &snapshot, &out);
    subscription_set_batch(subscribe->subscription, subscribe->batch);
    bool marks = subscription_set_mark(subscribe->subscription, subscribe->mark && !subscribe->subscription->market->latest);
    size_t number = 0;
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        if (!is_answered(subscribe, live_stream) || number == SNAPSHOT_STREAMS_MAX)
            continue;
        seat(subscribe, live_stream, snapshot.streams[number++].start);
        tell_if_down(subscribe, live_stream);
    }
    subscribe->subscription->answered = true;
    subscribe->subscription->all = subscribe->subscription->all || subscribe->source.length == 0;
    if (!marks)
        reply_error(subscribe->reply, RPC_INTERNAL_ERROR, "Out of memory");
    else if (buffer_ok(&out))
        reply_result(subscribe->reply, buffer_text(&out));
    else
        reply_error(subscribe->reply, RPC_INTERNAL_ERROR, "The answer is too large");
    buffer_release(&out);
}
