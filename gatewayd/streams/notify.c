#include "gatewayd/streams/notify.h"

#include "common/clock.h"
#include "common/timestamp.h"

void notify_put_cursor(buffer_t *out, cursor_t cursor)
{
    char text[CURSOR_MAX];
    buffer_printf(out, "\"%.*s\"", (int)cursor_print(text, cursor), text);
}

void notify_put_time(buffer_t *out, int64_t ns)
{
    char text[TIMESTAMP_MAX];
    buffer_printf(out, "\"%.*s\"", (int)timestamp_print(text, ns, 6), text);
}

void notify_put_seconds(buffer_t *out, int64_t ns)
{
    int64_t ms = ns > 0 ? ns / NS_PER_MS : 0;
    buffer_printf(out, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

void notify_gap(buffer_t *out, text_t symbol, text_t source, cursor_t from, cursor_t to)
{
    buffer_append(out, TEXT("{\"channel\":\"trades\",\"symbol\":"));
    buffer_append_json_string(out, symbol);
    buffer_append(out, TEXT(",\"source\":"));
    buffer_append_json_string(out, source);
    buffer_append(out, TEXT(",\"from\":"));
    notify_put_cursor(out, from);
    buffer_append(out, TEXT(",\"to\":"));
    notify_put_cursor(out, to);
    buffer_append(out, TEXT(",\"missing\":"));
    if (from.epoch == to.epoch && to.seq >= from.seq)
        buffer_append_u64(out, to.seq - from.seq + 1);
    else
        buffer_append(out, TEXT("null"));
    buffer_append(out, TEXT("}"));
}

static void begin(buffer_t *out, const offer_t *offer)
{
    buffer_append(out, TEXT("{\"source\":"));
    buffer_append_json_string(out, offer->name);
    buffer_append(out, TEXT(",\"since\":"));
    notify_put_time(out, offer->since_ns);
}

void notify_lost(buffer_t *out, const offer_t *offer, int64_t now_ns)
{
    begin(out, offer);
    buffer_append(out, TEXT(",\"reason\":\""));
    buffer_append(out, offer->reason); /* raw already */
    buffer_append(out, TEXT("\",\"staleness\":"));
    notify_put_seconds(out, now_ns - offer->since_ns);
    buffer_append(out, TEXT("}"));
}

void notify_restored(buffer_t *out, const offer_t *offer)
{
    begin(out, offer);
    buffer_append(out, TEXT(",\"staleness\":"));
    notify_put_seconds(out, offer->since_ns - offer->down_ns);
    buffer_append(out, TEXT(",\"missed\":"));
    if (offer->missed_known)
        buffer_append_u64(out, offer->missed);
    else
        buffer_append(out, TEXT("null"));
    buffer_append(out, TEXT("}"));
}

static void begin_stream(buffer_t *out, const offer_t *offer, const offer_stale_t *stale, int64_t since_ns)
{
    buffer_append(out, TEXT("{\"source\":"));
    buffer_append_json_string(out, offer->name);
    buffer_append(out, TEXT(",\"symbol\":"));
    buffer_append_json_string(out, stale->symbol);
    buffer_append(out, TEXT(",\"since\":"));
    notify_put_time(out, since_ns);
}

void notify_stale(buffer_t *out, const offer_t *offer, const offer_stale_t *stale, int64_t now_ns)
{
    begin_stream(out, offer, stale, stale->last_ns);
    if (stale->gone)
        buffer_printf(out, ",\"reason\":\"%.*s is no longer offered\"", TEXT_ARG(stale->symbol));
    else
        buffer_printf(out, ",\"reason\":\"no trades of %.*s, which is unlikely\"", TEXT_ARG(stale->symbol));
    buffer_append(out, TEXT(",\"staleness\":"));
    notify_put_seconds(out, now_ns - stale->last_ns);
    buffer_append(out, TEXT("}"));
}

void notify_fresh(buffer_t *out, const offer_t *offer, const offer_stale_t *stale, int64_t now_ns)
{
    begin_stream(out, offer, stale, now_ns);
    buffer_append(out, TEXT(",\"staleness\":"));
    notify_put_seconds(out, now_ns - stale->last_ns);
    buffer_append(out, TEXT("}"));
}

void notify_failing(buffer_t *out, text_t source, const offer_failing_t *failing)
{
    buffer_append(out, TEXT("{\"channel\":\"trades\",\"symbol\":"));
    buffer_append_json_string(out, failing->symbol);
    buffer_append(out, TEXT(",\"source\":"));
    buffer_append_json_string(out, source);
    if (failing->reason.length > 0)
        buffer_printf(out, ",\"reason\":\"%.*s\"", TEXT_ARG(failing->reason)); /* raw already */
    buffer_append(out, TEXT("}"));
}
