#include "gatewayd/streams/notify.h"

#include "common/clock.h"
#include "common/json/json_write.h"
#include "gatewayd/forms/subject_form.h"

#include <stdio.h>

enum { US_DIGITS = 6, NS_DIGITS = 9 };

void notify_put_time(buffer_t *out, int64_t ns)
{
    json_writer_t json = json_write(out);
    json_put_time(&json, NULL, ns, US_DIGITS);
}

void notify_put_seconds(buffer_t *out, int64_t ns)
{
    int64_t ms = ns > 0 ? ns / NS_PER_MS : 0;
    buffer_printf(out, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

static void put_staleness(json_writer_t *json, int64_t ns)
{
    json_put_name(json, TEXT("staleness"));
    notify_put_seconds(json->out, ns);
}

/* Null: nobody knows. */
static void put_count(json_writer_t *json, const char *name, bool known, uint64_t count)
{
    if (known)
        json_put_u64(json, name, count);
    else
        json_put_null(json, name);
}

static json_writer_t begin_trades(buffer_t *out, text_t symbol, text_t source)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    subject_form_put(&json, symbol);
    json_put_text(&json, "source", source);
    return json;
}

void notify_gap(buffer_t *out, text_t symbol, text_t source, cursor_t from, cursor_t to)
{
    json_writer_t json = begin_trades(out, symbol, source);
    cursor_put(&json, "from", from);
    cursor_put(&json, "to", to);
    put_count(&json, "missing", from.epoch == to.epoch && to.seq >= from.seq, to.seq - from.seq + 1);
    json_close_object(&json);
}

void notify_hole(buffer_t *out, text_t source, const status_hole_t *hole)
{
    json_writer_t json = begin_trades(out, hole->symbol, source);
    cursor_put(&json, "from", hole->cursor);
    cursor_put(&json, "to", hole->cursor);
    put_count(&json, "missing", hole->missing_known, hole->missing);
    json_open_object(&json, "upstream");
    json_put_time(&json, "from", hole->from_ns, NS_DIGITS);
    json_put_time(&json, "to", hole->to_ns, NS_DIGITS);
    json_close_object(&json);
    json_close_object(&json);
}

void notify_live(buffer_t *out, text_t symbol, text_t source, cursor_t from, cursor_t to, uint64_t count, uint32_t hash)
{
    char digits[sizeof "01234567"];
    json_writer_t json = begin_trades(out, symbol, source);
    cursor_put(&json, "from", from);
    cursor_put(&json, "to", to);
    json_put_u64(&json, "count", count);
    json_put_text(&json, "hash", (text_t){digits, (size_t)snprintf(digits, sizeof digits, "%08x", hash)});
    json_close_object(&json);
}

static json_writer_t begin_source(buffer_t *out, const offer_t *offer)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "source", offer->name);
    return json;
}

void notify_lost(buffer_t *out, const offer_t *offer, int64_t now_ns)
{
    json_writer_t json = begin_source(out, offer);
    json_put_time(&json, "since", offer->since_ns, US_DIGITS);
    json_put_escaped(&json, "reason", offer->reason);
    put_staleness(&json, now_ns - offer->since_ns);
    json_close_object(&json);
}

void notify_restored(buffer_t *out, const offer_t *offer)
{
    json_writer_t json = begin_source(out, offer);
    json_put_time(&json, "since", offer->since_ns, US_DIGITS);
    put_staleness(&json, offer->since_ns - offer->down_ns);
    put_count(&json, "missed", offer->missed_known, offer->missed);
    json_close_object(&json);
}

static json_writer_t begin_stream(buffer_t *out, const offer_t *offer, text_t symbol, int64_t since_ns)
{
    json_writer_t json = begin_source(out, offer);
    if (subject_is_symbol(symbol))
        json_put_text(&json, "symbol", symbol);
    else
        subject_form_put(&json, symbol);
    json_put_time(&json, "since", since_ns, US_DIGITS);
    return json;
}

void notify_stale(buffer_t *out, const offer_t *offer, const offer_stale_t *stale, int64_t now_ns)
{
    char reason[SUBJECT_MAX + sizeof "no trades of , which is unlikely"];
    int length =
        snprintf(reason, sizeof reason, stale->gone ? "%.*s is no longer offered" : "no trades of %.*s, which is unlikely",
                 TEXT_ARG(stale->symbol));
    json_writer_t json = begin_stream(out, offer, stale->symbol, stale->last_ns);
    json_put_text(&json, "reason", (text_t){reason, (size_t)length});
    put_staleness(&json, now_ns - stale->last_ns);
    json_close_object(&json);
}

void notify_fresh(buffer_t *out, const offer_t *offer, const offer_stale_t *stale, int64_t now_ns)
{
    json_writer_t json = begin_stream(out, offer, stale->symbol, now_ns);
    put_staleness(&json, now_ns - stale->last_ns);
    json_close_object(&json);
}

void notify_failing(buffer_t *out, text_t source, const offer_failing_t *failing)
{
    json_writer_t json = begin_trades(out, failing->symbol, source);
    if (failing->reason.length > 0)
        json_put_escaped(&json, "reason", failing->reason);
    json_close_object(&json);
}
