#include "gatewayd/methods/methods.h"

#include "gatewayd/methods/arguments.h"
#include "gatewayd/methods/history_methods.h"
#include "gatewayd/methods/status_report.h"
#include "gatewayd/methods/subscribe.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/offers.h"

#include <strings.h>

typedef struct {
    const char *name;
    void (*call)(client_t *client, reply_t *reply, text_t params);
} method_t;

static void subscribe(client_t *client, reply_t *reply, text_t params)
{
    param_text_t symbol, source;
    subscribe_request_t wanted = {.count = 0};
    if (!argument_channel(reply, params, true) || !argument_symbol(reply, params, &symbol) ||
        !argument_source(reply, params, &source) || !argument_since(reply, params, &wanted.since) ||
        !argument_count(reply, params, &wanted.count) || !argument_flag(reply, params, "batch", &wanted.batch))
        return;
    wanted.symbol = param_slice(&symbol);
    wanted.source = param_slice(&source);
    subscribe_start(client, reply, &wanted);
}

/* Ends the reader of one source; the others, if there are some, go on. */
static bool drop_source(subscription_t *subscription, text_t source)
{
    const live_stream_t *live_stream = market_find(subscription->market, source);
    reader_t *reader = live_stream ? subscription_reader(subscription, live_stream) : NULL;
    bool had = reader != NULL;
    reader_destroy(&reader);
    subscription->all = subscription->all && !had;
    if (list_empty(&subscription->readers))
        readers_unsubscribe(subscription);
    return had;
}

static void unsubscribe(client_t *client, reply_t *reply, text_t params)
{
    param_text_t symbol, source;
    if (!argument_channel(reply, params, true) || !argument_symbol(reply, params, &symbol) ||
        !argument_source(reply, params, &source))
        return;
    subscription_t *subscription = readers_subscription(&client->readers, param_slice(&symbol));
    bool was = subscription != NULL;
    if (was) {
        subscribe_cancel_all(subscription);
        if (source.length > 0)
            was = drop_source(subscription, param_slice(&source));
        else
            readers_unsubscribe(subscription);
    }
    if (!was) {
        reply_error(reply, RPC_INVALID_PARAMS, "Not subscribed: %.*s", (int)symbol.length, symbol.bytes);
        return;
    }
    buffer_t out = buffer_new(0);
    buffer_printf(&out, "{\"channel\":\"trades\",\"symbol\":\"%.*s\",\"event\":\"unsubscribed\"}", (int)symbol.length,
                  symbol.bytes);
    reply_result(reply, buffer_text(&out));
    buffer_release(&out);
}

static void answer_report(client_t *client, reply_t *reply, void (*report)(const hub_t *, buffer_t *))
{
    buffer_t out = buffer_new(0);
    report(client->talk.hub, &out);
    if (buffer_ok(&out))
        reply_result(reply, buffer_text(&out));
    else
        reply_error(reply, RPC_INTERNAL_ERROR, "The answer is too large");
    buffer_release(&out);
}

static void get_symbols(client_t *client, reply_t *reply, text_t params)
{
    (void)params;
    if (offers_heard(client->talk.hub->offers))
        answer_report(client, reply, status_report_print_symbols);
    else
        reply_error(reply, RPC_UNAVAILABLE, "Not ready: no source has been heard yet");
}

static void get_status(client_t *client, reply_t *reply, text_t params)
{
    (void)params;
    answer_report(client, reply, status_report_print);
}

static void ping(client_t *client, reply_t *reply, text_t params)
{
    (void)params;
    buffer_t out = buffer_new(0);
    buffer_append(&out, TEXT("{\"pong\":true,\"time\":"));
    notify_put_time(&out, hub_now_ns(client->talk.hub));
    buffer_append(&out, TEXT("}"));
    reply_result(reply, buffer_text(&out));
    buffer_release(&out);
}

static const method_t methods[] = {
    {"subscribe", subscribe},
    {"unsubscribe", unsubscribe},
    {"getRecentTrades", history_methods_recent},
    {"getTradesSince", history_methods_since},
    {"getTradesRange", history_methods_range},
    {"getCandles", history_methods_candles},
    {"getStats", history_methods_stats},
    {"clearHistory", history_methods_clear},
    {"getSymbols", get_symbols},
    {"getStatus", get_status},
    {"ping", ping},
};

static void on_request(void *arg, reply_t *reply, text_t method, text_t params)
{
    param_text_t name;
    bool readable = param_text(method, &name);
    for (size_t i = 0; readable && i < sizeof methods / sizeof *methods; i++) {
        if (strlen(methods[i].name) == name.length && strncasecmp(methods[i].name, name.bytes, name.length) == 0) {
            methods[i].call(arg, reply, params);
            return;
        }
    }
    reply_error(reply, RPC_METHOD_NOT_FOUND, "Method not found: %.*s", TEXT_ARG(param_shown(method, &name)));
}

const rpc_events_t methods_events = {.on_request = on_request, .on_answer = client_on_answer, .admits = client_admits};
