#include "gatewayd/methods/join_answer.h"

#include "common/json.h"
#include "gatewayd/streams/notify.h"

enum { ANSWER_MAX = 16 << 20 };

/* The stream has never been where the client says it was: a mistake, or of a journal that is gone. */
static bool is_beyond(const channel_t *channel, cursor_t since)
{
    return channel->ring && cursor_compare(since, ring_last(channel->ring)) > 0;
}

/* Of a client that is beyond the stream. Another epoch is new to it, whole; in the same one it can't be said what is. */
static cursor_t beginning(cursor_t last, cursor_t since)
{
    return since.epoch != last.epoch ? (cursor_t){last.epoch, 0} : last;
}

/* The place behind which the client's updates of this stream begin. */
static cursor_t start_of(const join_t *join, const channel_t *channel)
{
    cursor_t start = {0};
    const reader_t *reader = subscription_reader(join->subscription, channel);
    if (join_since(join, channel, &start) && is_beyond(channel, start))
        return beginning(ring_last(channel->ring), start);
    if (join_since(join, channel, &start))
        return start;
    if (reader && reader->has_last)
        return reader->last;
    if (channel->ring)
        return ring_last(channel->ring);
    const offer_t *offer = offers_find(join->client->hub->offers, channel->source);
    if (offer)
        offer_has(offer, channel->symbol, &start);
    return start;
}

static void seat(join_t *join, channel_t *channel, cursor_t start)
{
    client_t *client = join->client;
    cursor_t since;
    reader_t *reader = subscription_reader(join->subscription, channel);
    bool resumes = join_since(join, channel, &since);
    if (reader && !resumes)
        return; /* it goes on from where it is */
    if (!reader && !(reader = reader_new(join->subscription, channel)))
        return;
    client_hold(client, reader, start);
    if (!resumes || !is_beyond(channel, since))
        return;
    buffer_t params = buffer_new(0);
    notify_gap(&params, channel->symbol, channel->source, (cursor_t){since.epoch, since.seq + 1}, start);
    client_notify_later(client, TEXT("trades.gap"), buffer_text(&params));
    buffer_release(&params);
}

/* Who subscribes to a source that is down, or to a stream that starves, is told so. */
static void tell_if_down(join_t *join, const channel_t *channel)
{
    const offer_t *offer = offers_find(join->client->hub->offers, channel->source);
    offer_stale_t stale;
    if (!offer || (offer_up(offer) && !offer_is_stale(offer, channel->symbol, &stale)))
        return;
    buffer_t params = buffer_new(0);
    if (offer_up(offer))
        notify_stale(&params, offer, &stale, join->client->hub->now_ns);
    else
        notify_lost(&params, offer, join->client->hub->now_ns);
    client_notify_later(join->client, TEXT("connection.lost"), buffer_text(&params));
    buffer_release(&params);
}

/* Appends ,"cursor":"…","cursors":{…}. One cursor says it all where there is one stream; where there are several it is null. */
static void put_cursors(const snapshot_t *snapshot, buffer_t *out)
{
    buffer_append(out, TEXT(",\"cursor\":"));
    if (snapshot->count == 1)
        notify_put_cursor(out, snapshot->streams[0].start);
    else
        buffer_append(out, TEXT("null"));
    buffer_append(out, TEXT(",\"cursors\":{"));
    for (size_t i = 0; i < snapshot->count; i++) {
        if (i > 0)
            buffer_append(out, TEXT(","));
        buffer_append_json_string(out, snapshot->streams[i].source);
        buffer_append(out, TEXT(":"));
        notify_put_cursor(out, snapshot->streams[i].start);
    }
    buffer_append(out, TEXT("}"));
}

/* ,"failing":{"blockchain":"Service temporarily unavailable"}: of which sources nothing comes, though it was asked of them. */
static void put_failing(const join_t *join, buffer_t *out)
{
    const char *before = ",\"failing\":{";
    LIST_EACH(item, &join->subscription->market->channels)
    {
        const channel_t *channel = LIST_OWNER(item, channel_t, in_market);
        const offer_t *offer = join_takes(join, channel) ? offers_find(join->client->hub->offers, channel->source) : NULL;
        text_t reason = offer ? offer_failure(offer, channel->symbol) : TEXT("");
        if (reason.length == 0)
            continue;
        buffer_printf(out, "%s", before);
        buffer_append_json_string(out, channel->source);
        buffer_printf(out, ":\"%.*s\"", TEXT_ARG(reason)); /* raw already */
        before = ",";
    }
    if (before[1] == '\0')
        buffer_append(out, TEXT("}"));
}

static void print_answer(const join_t *join, const snapshot_t *snapshot, buffer_t *out)
{
    buffer_printf(out, "{\"channel\":\"trades\",\"symbol\":\"%.*s\",\"event\":\"subscribed\"", TEXT_ARG(join->symbol));
    put_cursors(snapshot, out);
    buffer_printf(out, ",\"recovered\":%s", join->recovered ? "true" : "false");
    put_failing(join, out);
    if (join->count > 0) {
        buffer_append(out, TEXT(",\"trades\":"));
        snapshot_print(snapshot, buffer_text(&join->history), join->count, out);
        if (join->partial)
            buffer_append(out, TEXT(",\"partial\":true"));
    }
    buffer_append(out, TEXT("}"));
}

bool join_takes(const join_t *join, const channel_t *channel)
{
    return join->source.length == 0 || text_equal(join->source, channel->source);
}

static bool said_since(const join_t *join, const channel_t *channel, cursor_t *since)
{
    text_t value = join->since, text;
    if (json_kind(value) == JSON_OBJECT) {
        for (json_walk_t walk = json_walk(join->since); json_next(&walk);) {
            if (text_equal(walk.key, channel->source))
                return json_plain_string(walk.value, &text) && cursor_parse(text, since);
        }
        return false;
    }
    return json_plain_string(value, &text) && cursor_parse(text, since);
}

/* Where the ring has its epoch still, the client means that, and not the one that connectord had when it came up again with an older journal. */
bool join_since(const join_t *join, const channel_t *channel, cursor_t *since)
{
    if (!said_since(join, channel, since))
        return false;
    const offer_t *offer = offers_find(join->client->hub->offers, channel->source);
    if (offer && !(channel->ring && ring_floor(channel->ring).epoch == since->epoch))
        *since = offer_present(offer, channel->symbol, *since);
    return true;
}

void join_snapshot(const join_t *join, snapshot_t *snapshot)
{
    *snapshot = (snapshot_t){.all = join->source.length == 0};
    LIST_EACH(item, &join->subscription->market->channels)
    {
        channel_t *channel = LIST_OWNER(item, channel_t, in_market);
        if (join_takes(join, channel) && snapshot->count < SNAPSHOT_STREAMS_MAX)
            snapshot->streams[snapshot->count++] = (snapshot_stream_t){channel->source, channel->ring, start_of(join, channel)};
    }
}

void join_answer(join_t *join)
{
    client_t *client = join->client;
    snapshot_t snapshot;
    buffer_t out = buffer_new(ANSWER_MAX);
    join_snapshot(join, &snapshot);
    print_answer(join, &snapshot, &out);
    subscription_set_batch(join->subscription, join->batch);
    size_t number = 0;
    LIST_EACH(item, &join->subscription->market->channels)
    {
        channel_t *channel = LIST_OWNER(item, channel_t, in_market);
        if (!join_takes(join, channel) || number == SNAPSHOT_STREAMS_MAX)
            continue;
        seat(join, channel, snapshot.streams[number++].start);
        tell_if_down(join, channel);
    }
    join->subscription->answered = true;
    join->subscription->all = join->subscription->all || join->source.length == 0;
    if (buffer_ok(&out))
        rpc_result(join->request, buffer_text(&out));
    else
        rpc_error(join->request, RPC_INTERNAL_ERROR, "The answer is too large");
    buffer_release(&out);
    client_release(client);
}
