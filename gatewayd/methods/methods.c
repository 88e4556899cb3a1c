#include "gatewayd/methods/methods.h"

#include "common/json/json_write.h"
#include "gatewayd/forms/subject_form.h"
#include "gatewayd/methods/client_grant.h"
#include "gatewayd/methods/history_methods.h"
#include "gatewayd/methods/status_report.h"
#include "gatewayd/streams/notify.h"
#include "gatewayd/streams/offers.h"
#include "gatewayd/subscribe/subscribe.h"

#include <assert.h>
#include <strings.h>

typedef struct {
    const char *name;
    void (*call)(caller_t *caller, const arguments_t *arguments, reply_t *reply);
    takes_t takes[TAKES_MAX];
} method_t;

static void subscribe(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    assert(caller->client);
    subscribe_start(caller->client, reply,
                    &(subscribe_request_t){.symbol = param_slice(&arguments->symbol),
                                           .source = param_slice(&arguments->source),
                                           .since = arguments->since,
                                           .count = arguments->count,
                                           .visible = arguments->visible,
                                           .batch = arguments->batch,
                                           .mark = arguments->mark});
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

static void unsubscribe(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    assert(caller->client);
    text_t symbol = param_slice(&arguments->symbol), source = param_slice(&arguments->source);
    subscription_t *subscription = readers_subscription(&caller->client->readers, symbol);
    bool was = subscription != NULL;
    if (was) {
        subscribe_cancel_all(subscription);
        if (source.length > 0)
            was = drop_source(subscription, source);
        else
            readers_unsubscribe(subscription);
    }
    if (!was) {
        reply_error(reply, RPC_INVALID_PARAMS, "Not subscribed: %.*s", TEXT_ARG(symbol));
        return;
    }
    buffer_t out = buffer_new(0);
    json_writer_t json = json_write(&out);
    json_open_object(&json, NULL);
    subject_form_put(&json, symbol);
    json_put_text(&json, "event", TEXT("unsubscribed"));
    json_close_object(&json);
    reply_result(reply, buffer_text(&out));
    buffer_release(&out);
}

static void answer_report(const caller_t *caller, reply_t *reply, void (*report)(const hub_t *, const role_t *, buffer_t *))
{
    buffer_t out = buffer_new(0);
    report(caller->hub, caller_role(caller), &out);
    if (buffer_ok(&out))
        reply_result(reply, buffer_text(&out));
    else
        reply_error(reply, RPC_INTERNAL_ERROR, "The answer is too large");
    buffer_release(&out);
}

static void answer_when_heard(const caller_t *caller, reply_t *reply, void (*report)(const hub_t *, const role_t *, buffer_t *))
{
    if (offers_heard(caller->hub->offers))
        answer_report(caller, reply, report);
    else
        reply_error(reply, RPC_UNAVAILABLE, "Not ready: no source has been heard yet");
}

static void get_channels(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    (void)arguments;
    answer_when_heard(caller, reply, status_report_print_channels);
}

static void get_symbols(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    buffer_t out = buffer_new(0);
    if (!offers_heard(caller->hub->offers)) {
        reply_error(reply, RPC_UNAVAILABLE, "Not ready: no source has been heard yet");
        return;
    }
    status_report_print_symbols(caller->hub, caller_role(caller), param_slice(&arguments->channel), &out);
    if (buffer_ok(&out))
        reply_result(reply, buffer_text(&out));
    else
        reply_error(reply, RPC_INTERNAL_ERROR, "The answer is too large");
    buffer_release(&out);
}

static void get_status(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    (void)arguments;
    answer_report(caller, reply, status_report_print);
}

static void ping(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    (void)arguments;
    buffer_t out = buffer_new(0);
    json_writer_t json = json_write(&out);
    json_open_object(&json, NULL);
    json_put_bool(&json, "pong", true);
    json_put_name(&json, TEXT("time"));
    notify_put_time(&out, hub_now_ns(caller->hub));
    json_close_object(&json);
    reply_result(reply, buffer_text(&out));
    buffer_release(&out);
}

#define TAKES_PAGE TAKES_SYMBOL, TAKES_SOURCE, TAKES_COUNT, TAKES_BEFORE, TAKES_AFTER, TAKES_NEXT

static const method_t methods[] = {
    {"subscribe",
     subscribe,
     {TAKES_CHANNEL_NAMED, TAKES_SYMBOL, TAKES_SOURCE, TAKES_SINCE, TAKES_COUNT, TAKES_BATCH, TAKES_MARK}},
    {"unsubscribe", unsubscribe, {TAKES_CHANNEL_NAMED, TAKES_SYMBOL, TAKES_SOURCE}},
    {"getRecentTrades", history_methods_recent, {TAKES_CHANNEL_ASKED, TAKES_PAGE}},
    {"getTradesSince", history_methods_since, {TAKES_CHANNEL, TAKES_PAGE}},
    {"getTradesRange", history_methods_range, {TAKES_CHANNEL, TAKES_SYMBOL, TAKES_SOURCE, TAKES_COUNT, TAKES_FROM, TAKES_TO}},
    {"getRecent", history_methods_recent, {TAKES_CHANNEL_NAMED, TAKES_PAGE}},
    {"getSince", history_methods_since, {TAKES_CHANNEL_NAMED, TAKES_PAGE}},
    {"getRange", history_methods_range, {TAKES_CHANNEL_NAMED, TAKES_SYMBOL, TAKES_SOURCE, TAKES_COUNT, TAKES_FROM, TAKES_TO}},
    {"getCandles",
     history_methods_candles,
     {TAKES_CHANNEL, TAKES_SYMBOL, TAKES_INTERVAL, TAKES_SOURCE, TAKES_COUNT, TAKES_BEFORE, TAKES_AFTER}},
    {"getCoverage",
     history_methods_coverage,
     {TAKES_CHANNEL, TAKES_SYMBOL, TAKES_SOURCE, TAKES_COUNT, TAKES_BEFORE, TAKES_AFTER, TAKES_PLACE}},
    {"getStats", history_methods_stats, {TAKES_CHANNEL, TAKES_SYMBOL_OR_ALL}},
    {"clearHistory", history_methods_clear, {TAKES_CHANNEL, TAKES_SYMBOL_OR_ALL, TAKES_TOKEN}},
    {"getSymbols", get_symbols, {TAKES_CHANNEL}},
    {"getChannels", get_channels, {TAKES_NO_MORE}},
    {"getStatus", get_status, {TAKES_NO_MORE}},
    {"ping", ping, {TAKES_NO_MORE}},
};

/* Whoever comes may call these. */
static const method_t token_methods[] = {
    {"authenticate", client_grant_take, {TAKES_TOKEN}},
    {"refreshToken", client_grant_take, {TAKES_TOKEN}},
};

/* NULL: there is none. */
static const method_t *find_method(const method_t *list, size_t count, text_t name)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i].name) == name.length && strncasecmp(list[i].name, name.at, name.length) == 0)
            return &list[i];
    }
    return NULL;
}

const char *methods_name(size_t number)
{
    return number < sizeof methods / sizeof *methods ? methods[number].name : NULL;
}

/* Before all have told what they offer it may be. One that the caller may not see does not exist. */
static bool has_channel(const void *arg, text_t channel)
{
    const caller_t *caller = arg;
    const hub_t *hub = caller->hub;
    bool latest;
    return role_may_channel(caller_role(caller), channel) &&
           (!offers_settled(hub->offers, hub_now_ns(hub)) || offers_channel(hub->offers, channel, &latest));
}

static bool is_of_channel(const method_t *method)
{
    return method->takes[0] == TAKES_CHANNEL || method->takes[0] == TAKES_CHANNEL_NAMED ||
           method->takes[0] == TAKES_CHANNEL_ASKED;
}

/* What it may not see is answered as what does not exist: whether it does plays no part. */
static bool may_see(const role_t *role, const method_t *method, const arguments_t *arguments, reply_t *reply)
{
    text_t symbol = param_slice(&arguments->symbol);
    if (!is_of_channel(method))
        return true;
    bool channel = role_may_channel(role, param_slice(&arguments->channel));
    if (channel && (symbol.length == 0 || role_may_subject(role, symbol)))
        return true;
    if (symbol.length > 0)
        reply_refuse_subject(reply, symbol, channel);
    else
        reply_refuse_channel(reply);
    return false;
}

static void call(caller_t *caller, const method_t *method, value_fn *value, const void *from, reply_t *reply)
{
    arguments_t arguments;
    if (!arguments_read(&arguments, method->takes, value, from, caller->form, has_channel, caller, reply))
        return;
    const role_t *role = caller_role(caller);
    if (role)
        arguments.visible = role_period(role, hub_now_ns(caller->hub));
    if (!role || may_see(role, method, &arguments, reply))
        method->call(caller, &arguments, reply);
}

void methods_call(caller_t *caller, text_t name, value_fn *value, const void *from, reply_t *reply)
{
    const role_t *role = caller_role(caller);
    const method_t *method = find_method(methods, sizeof methods / sizeof *methods, name);
    const method_t *token_method = find_method(token_methods, sizeof token_methods / sizeof *token_methods, name);
    if (token_method)
        call(caller, token_method, value, from, reply);
    else if (!role)
        caller_refuse(reply, AUTH_NO_TOKEN);
    else if (!method)
        reply_error(reply, RPC_METHOD_NOT_FOUND, "Method not found: %.*s", TEXT_ARG(param_found(name)));
    else if (!role_may_method(role, name))
        caller_refuse(reply, AUTH_ROLE);
    else
        call(caller, method, value, from, reply);
}
