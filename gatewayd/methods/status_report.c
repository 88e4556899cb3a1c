#include "gatewayd/methods/status_report.h"

#include "common/version.h"
#include "gatewayd/history/history_client.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/offers.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct {
    text_t symbol, source;
} symbol_row_t;

static int compare_rows(const void *a, const void *b)
{
    const symbol_row_t *x = a, *y = b;
    size_t shorter = x->symbol.length < y->symbol.length ? x->symbol.length : y->symbol.length;
    int order = memcmp(x->symbol.at, y->symbol.at, shorter);
    if (order == 0)
        order = (x->symbol.length > y->symbol.length) - (x->symbol.length < y->symbol.length);
    return order;
}

/* Every symbol with every source that offers it, sorted by symbol. The caller frees it. */
static symbol_row_t *list_rows(const offers_t *offers, size_t *count)
{
    size_t capacity = 0;
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(offers, i)); i++)
        capacity += table_count(offer->symbols);
    symbol_row_t *rows = calloc(capacity + 1, sizeof *rows);
    *count = 0;
    for (size_t i = 0; rows && (offer = offers_at(offers, i)); i++) {
        size_t at = 0;
        text_t symbol;
        while (offer_each(offer, &at, &symbol))
            rows[(*count)++] = (symbol_row_t){symbol, offer->name};
    }
    if (rows)
        qsort(rows, *count, sizeof *rows, compare_rows);
    return rows;
}

static bool begins_symbol(const symbol_row_t *rows, size_t i)
{
    return i == 0 || !text_equal(rows[i].symbol, rows[i - 1].symbol);
}

/* {"BTC-USD":31.500,…}: seconds since the last trade of the streams that starve. */
static void put_stale(const hub_t *hub, const offer_t *offer, buffer_t *out)
{
    const char *comma = "";
    size_t at = 0;
    offer_stale_t stale;
    buffer_append(out, TEXT("{"));
    while (offer_each_stale(offer, &at, &stale)) {
        buffer_printf(out, "%s\"%.*s\":", comma, TEXT_ARG(stale.symbol));
        notify_put_seconds(out, hub_now_ns(hub) - stale.last_ns);
        comma = ",";
    }
    buffer_append(out, TEXT("}"));
}

/* ,"failing":{"ETH-USD":"…"}: the streams whose subscription at the exchange fails, where there are some. */
static void put_failing(const offer_t *offer, buffer_t *out)
{
    size_t at = 0;
    offer_failing_t failing;
    const char *before = ",\"failing\":{";
    while (offer_up(offer) && offer_each_failing(offer, &at, &failing)) {
        buffer_printf(out, "%s\"%.*s\":\"%.*s\"", before, TEXT_ARG(failing.symbol), TEXT_ARG(failing.reason));
        before = ",";
    }
    if (before[1] == '\0')
        buffer_append(out, TEXT("}"));
}

/* The topics of all streams that starve. */
static void put_stale_topics(const hub_t *hub, buffer_t *out)
{
    const char *comma = "";
    const offer_t *offer;
    buffer_append(out, TEXT("\"stale\":["));
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        size_t at = 0;
        offer_stale_t stale;
        while (offer_each_stale(offer, &at, &stale)) {
            char topic[TOPIC_MAX];
            size_t length = topic_print(topic, stale.symbol, offer->name);
            buffer_printf(out, "%s", comma);
            buffer_append_json_string(out, (text_t){topic, length});
            comma = ",";
        }
    }
    buffer_append(out, TEXT("]"));
}

/* Of a source that stands in for others, or they for it. */
static void put_group(const offer_t *offer, buffer_t *out)
{
    if (offer->group.length == 0)
        return;
    buffer_append(out, TEXT(",\"group\":"));
    buffer_append_json_string(out, offer->group);
    buffer_printf(out, ",\"active\":%s", offer->active ? "true" : "false");
}

static void put_sources(const hub_t *hub, buffer_t *out)
{
    buffer_append(out, TEXT("\"sources\":["));
    const offer_t *offer;
    for (size_t i = 0; (offer = offers_at(hub->offers, i)); i++) {
        buffer_append(out, i ? TEXT(",{\"name\":") : TEXT("{\"name\":"));
        buffer_append_json_string(out, offer->name);
        buffer_printf(out, ",\"connected\":%s,\"since\":", offer_up(offer) ? "true" : "false");
        notify_put_time(out, offer->since_ns);
        buffer_append(out, TEXT(",\"staleness\":"));
        notify_put_seconds(out, offer_up(offer) ? 0 : hub_now_ns(hub) - offer->since_ns);
        buffer_append(out, TEXT(",\"reason\":\""));
        buffer_append(out, offer->reason);
        buffer_printf(out, "\",\"breaker\":\"%.*s\",\"health\":%u,\"stale\":", TEXT_ARG(offer->breaker),
                      offer_up(offer) ? offer->health : 0);
        put_stale(hub, offer, out);
        put_failing(offer, out);
        put_group(offer, out);
        buffer_printf(out, ",\"id_conflicts\":%" PRIu64 ",\"future\":%" PRIu64, offer->id_conflicts, offer->future);
        buffer_printf(out, ",\"symbols\":%zu}", table_count(offer->symbols));
    }
    buffer_append(out, TEXT("]"));
}

static void put_bus(const hub_t *hub, buffer_t *out)
{
    buffer_append(out, TEXT("\"bus\":["));
    for (size_t i = 0; i < hub->buses.count; i++) {
        buffer_append(out, i ? TEXT(",{\"endpoint\":") : TEXT("{\"endpoint\":"));
        buffer_append_json_string(out, text_of(hub->buses.endpoints[i]));
        const char *state = hub->buses.silent[i] ? "silent" : hub->buses.following ? "up" : "waiting";
        buffer_printf(out, ",\"state\":\"%s\"}", state);
    }
    buffer_append(out, TEXT("]"));
}

void status_report_print(const hub_t *hub, buffer_t *out)
{
    buffer_append(out, TEXT("{"));
    put_sources(hub, out);
    buffer_printf(out, ",\"clients\":%zu,\"subscriptions\":%zu,", hub->client_count, hub->subscription_count);
    put_bus(hub, out);
    buffer_printf(out, ",\"history\":\"%s\",\"version\":\"%s\"}", history_alive(hub->history) ? "up" : "down",
                  DATAFLOW_VERSION);
}

void status_report_print_symbols(const hub_t *hub, buffer_t *out)
{
    size_t count;
    symbol_row_t *rows = list_rows(hub->offers, &count);
    const char *comma = "";
    buffer_append(out, TEXT("{\"symbols\":["));
    for (size_t i = 0; i < count; i++) {
        if (!begins_symbol(rows, i))
            continue;
        buffer_printf(out, "%s\"%.*s\"", comma, TEXT_ARG(rows[i].symbol));
        comma = ",";
    }
    buffer_append(out, TEXT("],\"sources\":{"));
    for (size_t i = 0; i < count; i++) {
        if (begins_symbol(rows, i))
            buffer_printf(out, "%s\"%.*s\":[", i ? "]," : "", TEXT_ARG(rows[i].symbol));
        else
            buffer_append(out, TEXT(","));
        buffer_append_json_string(out, rows[i].source);
    }
    buffer_append(out, count ? TEXT("]}}") : TEXT("}}"));
    free(rows);
}

bool status_report_ready(const hub_t *hub, buffer_t *out)
{
    bool ready = hub->buses.following && history_alive(hub->history);
    buffer_printf(out, "{\"ready\":%s,", ready ? "true" : "false");
    put_bus(hub, out);
    buffer_append(out, TEXT(",\"ahead\":"));
    buffer_append_u64(out, hub->buses.counted.ahead);
    buffer_append(out, TEXT(","));
    put_sources(hub, out);
    buffer_append(out, TEXT(","));
    put_stale_topics(hub, out);
    buffer_printf(out, ",\"history\":\"%s\"}", history_alive(hub->history) ? "up" : "down");
    return ready;
}
