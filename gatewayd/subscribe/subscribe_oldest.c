#include "gatewayd/subscribe/subscribe_oldest.h"

#include "common/json/json.h"
#include "gatewayd/clients/readers.h"
#include "proto/moment.h"
#include "proto/record.h"

static bool is_due(const oldest_t *oldest, int64_t now_ns)
{
    int64_t fresh_ms = oldest->known ? OLDEST_FRESH_MS : OLDEST_AGAIN_MS;
    return oldest->asked_ns == 0 || now_ns - oldest->asked_ns >= fresh_ms * NS_PER_MS;
}

/* --- when it goes --- */

/* The lesser of two times, of which 0 is unknown. */
static int64_t sooner(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* When there are `limit` records, at the rate of those that memory has; 0: nobody knows. */
static int64_t full_at(text_t stream, uint64_t limit, int64_t now_ns)
{
    uint64_t held = 0, count, in_memory;
    int64_t first_ns, last_ns;
    if (!json_u64(json_member(stream, "trades"), &in_memory) || in_memory == 0)
        return 0;
    count = json_u64(json_member(stream, "stored"), &held) ? held : in_memory;
    if (count >= limit)
        return now_ns;
    if (!moment_parse_json(json_member(stream, "firstTimestamp"), &first_ns) ||
        !moment_parse_json(json_member(stream, "lastTimestamp"), &last_ns) || last_ns <= first_ns)
        return 0;
    int64_t each_ns = (last_ns - first_ns) / (int64_t)in_memory + 1;
    return limit - count < (uint64_t)((INT64_MAX - now_ns) / each_ns) ? now_ns + (int64_t)(limit - count) * each_ns : 0;
}

/* stream: of the answer to stats. */
static int64_t until(text_t stream, int64_t time_ns, int64_t now_ns)
{
    text_t retention = json_member(stream, "retention");
    uint64_t limit, ms;
    int64_t by_count = 0, by_age = 0;
    if (json_u64(json_member(retention, "trades"), &limit))
        by_count = full_at(stream, limit, now_ns);
    if (json_u64(json_member(retention, "ms"), &ms) && ms < (uint64_t)((INT64_MAX - time_ns) / NS_PER_MS))
        by_age = time_ns + (int64_t)ms * NS_PER_MS;
    int64_t at_ns = sooner(by_count, by_age);
    return at_ns != 0 && at_ns < now_ns ? now_ns : at_ns;
}

static void on_stats(void *arg, text_t answer)
{
    subscribe_t *subscribe = arg;
    const live_stream_t *live_stream = subscribe->asking;
    oldest_t *oldest = &subscribe->asking->oldest;
    text_t topic;
    subscribe->call = NULL;
    oldest->asking = false;
    for (json_walk_t walk = json_walk(json_valid(answer) ? json_member(answer, "stats") : TEXT("")); json_next(&walk);) {
        if (json_plain_string(json_member(walk.value, "topic"), &topic) && text_equal(topic, live_stream->topic))
            oldest->until_ns = until(walk.value, oldest->time_ns, hub_now_ns(subscribe->hub));
    }
    subscribe->advance(subscribe);
}

static bool ask_stats(subscribe_t *subscribe)
{
    buffer_t request = buffer_new(REQUEST_MAX);
    json_writer_t json = json_write(&request);
    json_open_object(&json, NULL);
    json_put_text(&json, "op", TEXT("stats"));
    json_put_text(&json, "symbol", subscribe->symbol);
    json_close_object(&json);
    if (buffer_ok(&request))
        subscribe->call = history_ask(subscribe->hub->history, buffer_text(&request), on_stats, subscribe);
    buffer_release(&request);
    return subscribe->call != NULL;
}

/* --- what it is --- */

/* What history has and the journal has not goes when history drops it; when the journal does nobody knows. */
static void on_first(void *arg, range_certainty_t certainty, const range_answer_t *page)
{
    subscribe_t *subscribe = arg;
    oldest_t *oldest = &subscribe->asking->oldest;
    trade_t trade;
    json_walk_t walk = json_walk(page->trades);
    bool found = json_next(&walk) && record_parse(walk.value, &trade);
    subscribe->call = NULL;
    subscribe->unheard = page->trades.length == 0;
    *oldest = (oldest_t){.asked_ns = oldest->asked_ns, .asking = oldest->asking, .known = found};
    if (found) {
        oldest->cursor = trade.cursor;
        oldest->time_ns = trade_time_ns(&trade);
    }
    if (found && certainty != RANGE_FINAL && ask_stats(subscribe))
        return;
    oldest->asking = false;
    subscribe->advance(subscribe);
}

static bool ask_first(subscribe_t *subscribe, live_stream_t *live_stream)
{
    cursor_t end = {UINT64_MAX, UINT64_MAX};
    subscribe->asking = live_stream;
    live_stream->oldest.asked_ns = hub_now_ns(subscribe->hub);
    subscribe->call = history_range(subscribe->hub->history, live_stream->topic, (cursor_t){0}, end, 1, on_first, subscribe);
    live_stream->oldest.asking = subscribe->call != NULL;
    return subscribe->call != NULL;
}

subscribe_step_t subscribe_oldest(subscribe_t *subscribe)
{
    int64_t now_ns = hub_now_ns(subscribe->hub);
    subscribe->retry_ns = 0;
    if (!subscribe->mark || subscribe->subscription->market->latest)
        return SUBSCRIBE_NEXT;
    LIST_EACH(item, &subscribe->subscription->market->live_streams)
    {
        live_stream_t *live_stream = LIST_OWNER(item, live_stream_t, in_market);
        const oldest_t *oldest = &live_stream->oldest;
        if (subscribe->unheard)
            break;
        if (!subscribe_takes(subscribe, live_stream))
            continue;
        if (is_due(oldest, now_ns) && ask_first(subscribe, live_stream))
            return SUBSCRIBE_WAIT;
        if (oldest->asking && now_ns - oldest->asked_ns < OLDEST_OTHERS_MS * NS_PER_MS) {
            subscribe->retry_ns = now_ns + HISTORY_RETRY_MS * NS_PER_MS;
            return SUBSCRIBE_AGAIN;
        }
    }
    return SUBSCRIBE_NEXT;
}
