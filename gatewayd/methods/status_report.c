#include "gatewayd/methods/status_report.h"

#include "common/json/json_write.h"
#include "common/version.h"
#include "gatewayd/auth/grants.h"
#include "gatewayd/history/history_client.h"
#include "gatewayd/streams/market.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/offers.h"
#include "proto/moment.h"

#include <stdlib.h>

typedef struct {
    text_t symbol, source;
} symbol_row_t;

static int compare_rows(const void *a, const void *b)
{
    const symbol_row_t *x = a, *y = b;
    return text_compare(x->symbol, y->symbol);
}

/* Who is told; NULL: who may see all. */
static bool sees(const role_t *role, text_t subject)
{
    return !role || role_may_subject(role, subject);
}

/* Of what it may see: when. */
static period_t visible_to(const hub_t *hub, const role_t *role)
{
    return role ? role_period(role, hub_now_ns(hub)) : PERIOD_ALL;
}

static bool sees_channel(const role_t *role, text_t channel)
{
    return !role || role_may_channel(role, channel);
}

/* Every symbol (or key) of the channel with every source that offers it, sorted by symbol. The caller frees it. */
static symbol_row_t *list_rows(const offers_t *offers, const role_t *role, text_t channel, size_t *count)
{
    size_t capacity = 0;
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(offers, i)); i++)
        capacity += table_count(offer->symbols);
    symbol_row_t *rows = calloc(capacity + 1, sizeof *rows);
    *count = 0;
    for (size_t i = 0; rows && (offer = offers_at(offers, i)); i++) {
        size_t at = 0;
        text_t subject, of, key;
        while (offer_each(offer, &at, &subject)) {
            subject_split(subject, &of, &key);
            if (text_equal(of, channel) && sees(role, subject))
                rows[(*count)++] = (symbol_row_t){key, offer->name};
        }
    }
    if (rows)
        qsort(rows, *count, sizeof *rows, compare_rows);
    return rows;
}

static bool begins_symbol(const symbol_row_t *rows, size_t i)
{
    return i == 0 || !text_equal(rows[i].symbol, rows[i - 1].symbol);
}

/* The streams that starve, and for how long. */
static void put_stale(const hub_t *hub, const role_t *role, const offer_t *offer, json_writer_t *json)
{
    size_t at = 0;
    offer_stale_t stale;
    period_t visible = visible_to(hub, role);
    json_open_object(json, "stale");
    while (offer_each_stale(offer, &at, &stale)) {
        if (!sees(role, stale.symbol) || !period_has(visible, stale.last_ns))
            continue;
        json_put_name(json, stale.symbol);
        notify_put_seconds(json->out, hub_now_ns(hub) - stale.last_ns);
    }
    json_close_object(json);
}

/* The streams whose subscription at the exchange fails, where there are some. */
static void put_failing(const role_t *role, const offer_t *offer, json_writer_t *json)
{
    size_t at = 0;
    bool any = false;
    offer_failing_t failing;
    while (offer_up(offer) && offer_each_failing(offer, &at, &failing)) {
        if (!sees(role, failing.symbol))
            continue;
        if (!any)
            json_open_object(json, "failing");
        any = true;
        json_put_name(json, failing.symbol);
        json_put_escaped(json, NULL, failing.reason);
    }
    if (any)
        json_close_object(json);
}

/* Does that of a source which has a time, or has none and is of now, lie in what is visible? */
static bool is_within(period_t visible, text_t told)
{
    int64_t from_ns, to_ns;
    if (!moment_parse_json(json_member(told, "from"), &from_ns) || !moment_parse_json(json_member(told, "to"), &to_ns))
        return visible.before_ns == INT64_MAX;
    return period_has(visible, from_ns) && period_has(visible, to_ns);
}

/* An object by symbol, as the source says it; absent where nothing is in it. */
static void put_by_symbol(const role_t *role, period_t visible, const char *name, text_t object, json_writer_t *json)
{
    bool any = false;
    for (json_walk_t walk = json_walk(object); json_next(&walk);) {
        if (!sees(role, walk.key) || !(period_is_all(visible) || is_within(visible, walk.value)))
            continue;
        if (!any)
            json_open_object(json, name);
        any = true;
        json_put_name(json, walk.key);
        json_put_raw(json, NULL, walk.value);
    }
    if (any)
        json_close_object(json);
}

static void put_upstream(const hub_t *hub, const role_t *role, const offer_t *offer, json_writer_t *json)
{
    put_by_symbol(role, visible_to(hub, role), "holes", offer->holes, json);
    put_by_symbol(role, visible_to(hub, role), "backfill", offer->backfill, json);
}

/* The topics of all streams that starve. */
static void put_stale_topics(const hub_t *hub, json_writer_t *json)
{
    const offer_t *offer;
    json_open_array(json, "stale");
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        size_t at = 0;
        offer_stale_t stale;
        while (offer_each_stale(offer, &at, &stale)) {
            char topic[TOPIC_MAX];
            json_put_text(json, NULL, (text_t){topic, topic_print(topic, stale.symbol, offer->name)});
        }
    }
    json_close_array(json);
}

/* Of a source that stands in for others, or they for it. */
static void put_group(const offer_t *offer, json_writer_t *json)
{
    if (offer->group.length == 0)
        return;
    json_put_text(json, "group", offer->group);
    json_put_bool(json, "active", offer->active);
}

/* How far back its streams can be resumed: of those of which somebody has asked (subscribe_oldest.h). */
static void put_oldest(const hub_t *hub, const role_t *role, const offer_t *offer, json_writer_t *json)
{
    size_t at = 0;
    bool any = false;
    text_t subject;
    period_t visible = visible_to(hub, role);
    while (offer_each(offer, &at, &subject)) {
        const market_t *market = markets_find(hub->markets, subject);
        const live_stream_t *stream = market ? market_find(market, offer->name) : NULL;
        if (!stream || !stream->oldest.known || !sees(role, subject) || !period_has(visible, stream->oldest.time_ns))
            continue;
        if (!any)
            json_open_object(json, "oldest");
        any = true;
        json_put_name(json, subject);
        oldest_put(&stream->oldest, visible, json);
    }
    if (any)
        json_close_object(json);
}

/* What connectord says of them itself does not count. */
static uint64_t count_symbols(const role_t *role, const offer_t *offer)
{
    uint64_t count = 0;
    size_t at = 0;
    text_t subject;
    while (offer_each(offer, &at, &subject))
        count += !text_starts_with(subject, TEXT(CHANNEL_COVERAGE ".")) && sees(role, subject);
    return count;
}

static void put_source(const hub_t *hub, const role_t *role, const offer_t *offer, json_writer_t *json)
{
    bool up = offer_up(offer);
    json_open_object(json, NULL);
    json_put_text(json, "name", offer->name);
    json_put_bool(json, "connected", up);
    json_put_name(json, TEXT("since"));
    notify_put_time(json->out, offer->since_ns);
    json_put_name(json, TEXT("staleness"));
    notify_put_seconds(json->out, up ? 0 : hub_now_ns(hub) - offer->since_ns);
    json_put_escaped(json, "reason", offer->reason);
    json_put_escaped(json, "breaker", offer->breaker);
    json_put_u64(json, "health", up ? offer->health : 0);
    put_stale(hub, role, offer, json);
    put_failing(role, offer, json);
    put_upstream(hub, role, offer, json);
    put_oldest(hub, role, offer, json);
    put_group(offer, json);
    if (visible_to(hub, role).before_ns == INT64_MAX) { /* they count trades as these come */
        json_put_u64(json, "id_conflicts", offer->id_conflicts);
        json_put_u64(json, "future", offer->future);
    }
    json_put_u64(json, "symbols", count_symbols(role, offer));
    json_close_object(json);
}

/* Has it anything for them? Or has it nothing for anybody yet. */
static bool concerns(const role_t *role, const offer_t *offer)
{
    return !role || role_sees_all(role) || count_symbols(role, offer) > 0;
}

static void put_sources(const hub_t *hub, const role_t *role, json_writer_t *json)
{
    const offer_t *offer;
    json_open_array(json, "sources");
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++)
        if (concerns(role, offer))
            put_source(hub, role, offer, json);
    json_close_array(json);
}

static void put_bus(const hub_t *hub, json_writer_t *json)
{
    json_open_array(json, "bus");
    for (size_t i = 0; i < hub->buses.count; i++) {
        const char *state = hub->buses.silent[i] ? "silent" : hub->buses.following ? "up" : "waiting";
        json_open_object(json, NULL);
        json_put_text(json, "endpoint", text_of(hub->buses.endpoints[i]));
        json_put_text(json, "state", text_of(state));
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_history(const hub_t *hub, json_writer_t *json)
{
    json_put_text(json, "history", history_alive(hub->history) ? TEXT("up") : TEXT("down"));
}

void status_report_print(const hub_t *hub, const role_t *role, buffer_t *out)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    put_sources(hub, role, &json);
    json_put_u64(&json, "clients", hub->client_count);
    json_put_u64(&json, "subscriptions", hub->subscription_count);
    put_bus(hub, &json);
    put_history(hub, &json);
    json_put_text(&json, "version", TEXT(DATAFLOW_VERSION));
    json_close_object(&json);
}

/* {"BTC-USD":["blockchain", … ]} */
static void put_sources_of(const symbol_row_t *rows, size_t count, json_writer_t *json)
{
    json_open_object(json, "sources");
    for (size_t i = 0; i < count; i++) {
        if (begins_symbol(rows, i)) {
            json_put_name(json, rows[i].symbol);
            json_open_array(json, NULL);
        }
        json_put_text(json, NULL, rows[i].source);
        if (i + 1 == count || begins_symbol(rows, i + 1))
            json_close_array(json);
    }
    json_close_object(json);
}

static bool offers_trades(const role_t *role, const offer_t *offer)
{
    size_t at = 0;
    text_t subject;
    while (offer_each(offer, &at, &subject))
        if (subject_is_symbol(subject) && sees(role, subject))
            return true;
    return false;
}

static bool offers_in(const role_t *role, const offer_t *offer, text_t channel)
{
    text_t name;
    bool latest;
    if (text_equal(channel, TEXT(CHANNEL_TRADES)))
        return offers_trades(role, offer);
    for (json_walk_t walk = json_walk(offer->channels); status_next_channel(&walk, &name, &latest);)
        if (text_equal(name, channel))
            return true;
    return false;
}

/* {"readings":{"keep":"latest","sources":["lab"]}} */
static void put_channel(const offers_t *offers, const role_t *role, text_t channel, bool latest, json_writer_t *json)
{
    const offer_t *offer;
    json_put_name(json, channel);
    json_open_object(json, NULL);
    json_put_text(json, "keep", latest ? TEXT("latest") : TEXT("log"));
    json_open_array(json, "sources");
    for (size_t i = 0; (offer = offers_at(offers, i)); i++)
        if (offers_in(role, offer, channel))
            json_put_text(json, NULL, offer->name);
    json_close_array(json);
    json_close_object(json);
}

/* Has an offer before number `until` the channel? */
static bool had_before(const offers_t *offers, size_t until, text_t channel)
{
    for (size_t i = 0; i < until; i++)
        if (offers_in(NULL, offers_at(offers, i), channel))
            return true;
    return false;
}

void status_report_print_channels(const hub_t *hub, const role_t *role, buffer_t *out)
{
    const offer_t *offer;
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_open_object(&json, "channels");
    if (sees_channel(role, TEXT(CHANNEL_TRADES)))
        put_channel(hub->offers, role, TEXT(CHANNEL_TRADES), false, &json);
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        text_t name;
        bool latest;
        for (json_walk_t walk = json_walk(offer->channels); status_next_channel(&walk, &name, &latest);)
            if (sees_channel(role, name) && !had_before(hub->offers, i, name) && offers_channel(hub->offers, name, &latest))
                put_channel(hub->offers, role, name, latest, &json);
    }
    json_close_object(&json);
    json_close_object(&json);
}

void status_report_print_symbols(const hub_t *hub, const role_t *role, text_t channel, buffer_t *out)
{
    size_t count;
    symbol_row_t *rows = list_rows(hub->offers, role, channel, &count);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_open_array(&json, "symbols");
    for (size_t i = 0; i < count; i++) {
        if (begins_symbol(rows, i))
            json_put_text(&json, NULL, rows[i].symbol);
    }
    json_close_array(&json);
    put_sources_of(rows, count, &json);
    json_close_object(&json);
    free(rows);
}

bool status_report_ready(const hub_t *hub, buffer_t *out)
{
    bool keys = !hub->grants || grants_are_ready(hub->grants);
    bool ready = hub->buses.following && history_alive(hub->history) && !hub->draining && keys;
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_bool(&json, "ready", ready);
    json_put_bool(&json, "draining", hub->draining);
    put_bus(hub, &json);
    json_put_u64(&json, "ahead", hub->buses.counted.ahead);
    put_sources(hub, NULL, &json);
    put_stale_topics(hub, &json);
    put_history(hub, &json);
    if (hub->grants)
        json_put_text(&json, "auth", keys ? TEXT("ready") : TEXT("no_keys"));
    json_close_object(&json);
    return ready;
}
