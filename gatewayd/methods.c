#include "gatewayd/methods.h"

#include "common/json.h"
#include "common/timestamp.h"
#include "gatewayd/join.h"
#include "gatewayd/notify.h"
#include "gatewayd/params.h"
#include "gatewayd/query.h"
#include "gatewayd/report.h"

#include <strings.h>

typedef struct {
    const char *name;
    void (*call)(client_t *client, rpc_request_t *request, text_t params);
} method_t;

/* --- parameters: each answers with the error itself when it returns false --- */

static bool read_channel(rpc_request_t *request, text_t params, bool required)
{
    param_text_t channel;
    text_t raw = json_member(params, "channel");
    if ((param_absent(raw) && !required) || (param_text(raw, &channel) && text_equal(param_slice(&channel), TEXT("trades"))))
        return true;
    rpc_error(request, RPC_INVALID_PARAMS, "Only 'trades' channel is supported");
    return false;
}

static bool read_symbol(rpc_request_t *request, text_t params, param_text_t *symbol)
{
    text_t raw = json_member(params, "symbol");
    if (param_absent(raw) || text_equal(raw, TEXT("\"\""))) {
        rpc_error(request, RPC_INVALID_PARAMS, "Symbol is required");
        return false;
    }
    if (param_text(raw, symbol) && symbol_valid(param_slice(symbol)))
        return true;
    rpc_error(request, RPC_INVALID_PARAMS, "Invalid symbol: %.*s", TEXT_ARG(param_shown(raw, symbol)));
    return false;
}

/* source->length is 0 where it is absent. */
static bool read_source(rpc_request_t *request, text_t params, param_text_t *source)
{
    text_t raw = json_member(params, "source");
    source->length = 0;
    if (param_absent(raw) || (param_text(raw, source) && source_valid(param_slice(source))))
        return true;
    rpc_error(request, RPC_INVALID_PARAMS, "Invalid source: %.*s", TEXT_ARG(param_shown(raw, source)));
    return false;
}

static bool read_count(rpc_request_t *request, text_t params, uint64_t *count)
{
    text_t raw = json_member(params, "count");
    if (param_absent(raw))
        return true;
    if (json_u64(raw, count) && *count >= 1 && *count <= REQUEST_COUNT_MAX)
        return true;
    rpc_error(request, RPC_INVALID_PARAMS, "count: expected a whole number from 1 to %d, found %.*s", REQUEST_COUNT_MAX,
              TEXT_ARG(param_found(raw)));
    return false;
}

static bool read_interval(rpc_request_t *request, text_t params, interval_t *interval)
{
    param_text_t text;
    text_t raw = json_member(params, "interval");
    if (!param_absent(raw) && param_text(raw, &text) && interval_parse(param_slice(&text), interval))
        return true;
    rpc_error(request, RPC_INVALID_PARAMS, "interval: expected one of " INTERVAL_NAMES ", found %.*s",
              TEXT_ARG(param_absent(raw) ? TEXT("none") : param_found(raw)));
    return false;
}

static bool read_since(rpc_request_t *request, text_t params, text_t *since)
{
    text_t raw = json_member(params, "since");
    *since = param_absent(raw) ? (text_t){"", 0} : raw;
    if (param_absent(raw) || join_since_valid(raw))
        return true;
    rpc_error(request, RPC_INVALID_PARAMS, "since: expected \"<epoch>-<seq>\" or an object of such by source, found %.*s",
              TEXT_ARG(param_found(raw)));
    return false;
}

/* *ns stays as it is where the time is absent. */
static bool read_time(rpc_request_t *request, text_t params, const char *name, int64_t *ns)
{
    param_text_t text;
    text_t raw = json_member(params, name);
    if (param_absent(raw) || (param_text(raw, &text) && timestamp_parse(param_slice(&text), ns)))
        return true;
    rpc_error(request, RPC_INVALID_PARAMS, "%s: expected a time such as \"2025-11-10T17:24:33.937345Z\", found %.*s", name,
              TEXT_ARG(param_found(raw)));
    return false;
}

/* --- methods --- */

static void subscribe(client_t *client, rpc_request_t *request, text_t params)
{
    param_text_t symbol, source;
    join_request_t wanted = {.count = 0};
    if (!read_channel(request, params, true) || !read_symbol(request, params, &symbol) ||
        !read_source(request, params, &source) || !read_since(request, params, &wanted.since) ||
        !read_count(request, params, &wanted.count))
        return;
    wanted.symbol = param_slice(&symbol);
    wanted.source = param_slice(&source);
    join_start(client, request, &wanted);
}

/* Ends the reader of one source; the others, if there are some, go on. */
static bool drop_source(client_t *client, subscription_t *subscription, text_t source)
{
    const channel_t *channel = market_find(subscription->market, source);
    reader_t *reader = channel ? subscription_reader(subscription, channel) : NULL;
    bool had = reader != NULL;
    reader_destroy(&reader);
    subscription->all = subscription->all && !had;
    if (list_empty(&subscription->readers))
        client_unsubscribe(client, subscription);
    return had;
}

static void unsubscribe(client_t *client, rpc_request_t *request, text_t params)
{
    param_text_t symbol, source;
    if (!read_channel(request, params, true) || !read_symbol(request, params, &symbol) ||
        !read_source(request, params, &source))
        return;
    subscription_t *subscription = client_subscription(client, param_slice(&symbol));
    bool was = subscription != NULL;
    if (was) {
        join_cancel_all(client, subscription);
        if (source.length > 0)
            was = drop_source(client, subscription, param_slice(&source));
        else
            client_unsubscribe(client, subscription);
    }
    if (!was) {
        rpc_error(request, RPC_INVALID_PARAMS, "Not subscribed: %.*s", (int)symbol.length, symbol.bytes);
        return;
    }
    buffer_t out = buffer_new(0);
    buffer_printf(&out, "{\"channel\":\"trades\",\"symbol\":\"%.*s\",\"event\":\"unsubscribed\"}", (int)symbol.length,
                  symbol.bytes);
    rpc_result(request, buffer_text(&out));
    buffer_release(&out);
}

/* Nothing for INT64_MIN. */
static void put_time(buffer_t *out, const char *name, int64_t ns)
{
    char text[TIMESTAMP_MAX];
    if (ns != INT64_MIN)
        buffer_printf(out, ",\"%s\":\"%.*s\"", name, (int)timestamp_print(text, ns, 9), text);
}

/* Asks history with {"op":…,"symbol":…,"count":…} and, unless time_ns is INT64_MIN, the member `time_name`. */
static void ask_history(client_t *client, rpc_request_t *request, const char *op, const param_text_t *symbol, uint64_t count,
                        const char *time_name, int64_t time_ns)
{
    buffer_t out = buffer_new(REQUEST_MAX);
    buffer_printf(&out, "{\"op\":\"%s\",\"symbol\":\"%.*s\",\"count\":%llu", op, (int)symbol->length, symbol->bytes,
                  (unsigned long long)count);
    put_time(&out, time_name, time_ns);
    buffer_append(&out, TEXT("}"));
    query_start(client, request, param_slice(symbol), buffer_text(&out));
    buffer_release(&out);
}

static void get_recent_trades(client_t *client, rpc_request_t *request, text_t params)
{
    param_text_t symbol;
    uint64_t count = REQUEST_COUNT_DEFAULT;
    int64_t before_ns = INT64_MIN;
    if (read_channel(request, params, false) && read_symbol(request, params, &symbol) && read_count(request, params, &count) &&
        read_time(request, params, "beforeTimestamp", &before_ns))
        ask_history(client, request, "recent", &symbol, count, "before", before_ns);
}

static void get_trades_since(client_t *client, rpc_request_t *request, text_t params)
{
    param_text_t symbol;
    uint64_t count = REQUEST_COUNT_DEFAULT;
    int64_t after_ns = INT64_MIN;
    if (!read_channel(request, params, false) || !read_symbol(request, params, &symbol) ||
        !read_count(request, params, &count) || !read_time(request, params, "afterTimestamp", &after_ns))
        return;
    if (after_ns == INT64_MIN)
        rpc_error(request, RPC_INVALID_PARAMS, "afterTimestamp is required");
    else
        ask_history(client, request, "since", &symbol, count, "after", after_ns);
}

typedef struct {
    param_text_t symbol, source;
    interval_t interval;
    uint64_t count;
    int64_t before_ns, after_ns; /* INT64_MIN: absent */
} candles_request_t;

static void ask_for_candles(client_t *client, rpc_request_t *request, const candles_request_t *wanted)
{
    buffer_t out = buffer_new(REQUEST_MAX);
    buffer_printf(&out, "{\"op\":\"candles\",\"symbol\":\"%.*s\",\"interval\":\"%s\",\"count\":%llu",
                  TEXT_ARG(param_slice(&wanted->symbol)), interval_name(wanted->interval), (unsigned long long)wanted->count);
    if (wanted->source.length > 0) {
        buffer_append(&out, TEXT(",\"source\":"));
        buffer_append_json_string(&out, param_slice(&wanted->source));
    }
    put_time(&out, "before", wanted->before_ns);
    put_time(&out, "after", wanted->after_ns);
    buffer_append(&out, TEXT("}"));
    query_start(client, request, param_slice(&wanted->symbol), buffer_text(&out));
    buffer_release(&out);
}

static void get_candles(client_t *client, rpc_request_t *request, text_t params)
{
    candles_request_t wanted = {.count = REQUEST_COUNT_DEFAULT, .before_ns = INT64_MIN, .after_ns = INT64_MIN};
    if (read_channel(request, params, false) && read_symbol(request, params, &wanted.symbol) &&
        read_interval(request, params, &wanted.interval) && read_source(request, params, &wanted.source) &&
        read_count(request, params, &wanted.count) && read_time(request, params, "beforeTimestamp", &wanted.before_ns) &&
        read_time(request, params, "afterTimestamp", &wanted.after_ns))
        ask_for_candles(client, request, &wanted);
}

static void answer_report(client_t *client, rpc_request_t *request, void (*report)(const hub_t *, buffer_t *))
{
    buffer_t out = buffer_new(0);
    report(client->hub, &out);
    if (buffer_ok(&out))
        rpc_result(request, buffer_text(&out));
    else
        rpc_error(request, RPC_INTERNAL_ERROR, "The answer is too large");
    buffer_release(&out);
}

static void get_symbols(client_t *client, rpc_request_t *request, text_t params)
{
    (void)params;
    if (offers_heard(client->hub->offers))
        answer_report(client, request, report_symbols);
    else
        rpc_error(request, RPC_UNAVAILABLE, "Not ready: no source has been heard yet");
}

static void get_status(client_t *client, rpc_request_t *request, text_t params)
{
    (void)params;
    answer_report(client, request, report_status);
}

static void ping(client_t *client, rpc_request_t *request, text_t params)
{
    (void)params;
    buffer_t out = buffer_new(0);
    buffer_append(&out, TEXT("{\"pong\":true,\"time\":"));
    notify_put_time(&out, client->hub->now_ns);
    buffer_append(&out, TEXT("}"));
    rpc_result(request, buffer_text(&out));
    buffer_release(&out);
}

static const method_t methods[] = {
    {"subscribe", subscribe},
    {"unsubscribe", unsubscribe},
    {"getRecentTrades", get_recent_trades},
    {"getTradesSince", get_trades_since},
    {"getCandles", get_candles},
    {"getSymbols", get_symbols},
    {"getStatus", get_status},
    {"ping", ping},
};

static void on_request(void *arg, rpc_request_t *request, text_t method, text_t params)
{
    param_text_t name;
    bool readable = param_text(method, &name);
    for (size_t i = 0; readable && i < sizeof methods / sizeof *methods; i++) {
        if (strlen(methods[i].name) == name.length && strncasecmp(methods[i].name, name.bytes, name.length) == 0) {
            methods[i].call(arg, request, params);
            return;
        }
    }
    rpc_error(request, RPC_METHOD_NOT_FOUND, "Method not found: %.*s", TEXT_ARG(param_shown(method, &name)));
}

const rpc_events_t methods_events = {.on_request = on_request, .on_answer = client_on_answer};
