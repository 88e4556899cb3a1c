#include "gatewayd/past.h"

#include "common/timestamp.h"
#include "gatewayd/arguments.h"
#include "gatewayd/query.h"
#include "gatewayd/recent.h"

enum { NS_DIGITS = 9, STATS_COUNT = 100 /* streams; mostly there are fewer */ };

/* What the methods about a symbol's trades take. */
typedef struct {
    param_text_t symbol, source;
    question_t question; /* its texts are slices of these */
} wanted_t;

static void put_text(buffer_t *out, const char *name, const param_text_t *value)
{
    if (value->length == 0)
        return;
    buffer_printf(out, ",\"%s\":", name);
    buffer_append_json_string(out, param_slice(value));
}

static void put_time(buffer_t *out, const char *name, int64_t ns)
{
    char text[TIMESTAMP_MAX];
    if (ns != INT64_MIN)
        buffer_printf(out, ",\"%s\":\"%.*s\"", name, (int)timestamp_print(text, ns, NS_DIGITS), text);
}

static void put_raw(buffer_t *out, const char *name, text_t value)
{
    if (value.length == 0)
        return;
    buffer_printf(out, ",\"%s\":", name);
    buffer_append(out, value);
}

static void put_bounds(buffer_t *out, const wanted_t *wanted)
{
    buffer_append(out, TEXT(",\"count\":"));
    buffer_append_u64(out, wanted->question.count);
    put_text(out, "source", &wanted->source);
    put_time(out, "before", wanted->question.before_ns);
    put_time(out, "after", wanted->question.after_ns);
}

/* Closes the question. False when it is too long: the client is told. */
static bool complete(rpc_request_t *request, buffer_t *question)
{
    buffer_append(question, TEXT("}"));
    if (!buffer_ok(question))
        rpc_error(request, RPC_INVALID_PARAMS, "Params are too long");
    return buffer_ok(question);
}

/* recent, count: see query.h. */
static void ask(client_t *client, rpc_request_t *request, text_t symbol, buffer_t *question, const question_t *recent,
                uint64_t count)
{
    if (complete(request, question))
        query_start(client, request, symbol, buffer_text(question), recent, count);
    buffer_release(question);
}

#define ANY_TIME                                                                                                               \
    {                                                                                                                          \
        .count = REQUEST_COUNT_DEFAULT, .after_ns = INT64_MIN, .before_ns = INT64_MIN                                          \
    }

/* What all take who ask for trades by time; the channel was looked at. count: where the client names no number. */
static bool read_wanted(rpc_request_t *request, text_t params, uint64_t count, wanted_t *wanted)
{
    question_t *question = &wanted->question;
    *question = (question_t)ANY_TIME;
    question->count = count;
    wanted->symbol.length = wanted->source.length = 0;
    bool good = argument_symbol(request, params, &wanted->symbol) && argument_source(request, params, &wanted->source) &&
                argument_count(request, params, &question->count) &&
                argument_time(request, params, "beforeTimestamp", &question->before_ns) &&
                argument_time(request, params, "afterTimestamp", &question->after_ns) &&
                argument_next(request, params, &question->next);
    question->symbol = param_slice(&wanted->symbol);
    question->source = param_slice(&wanted->source);
    return good;
}

/* next_name: the member that says history where to go on. */
static void ask_for_trades(client_t *client, rpc_request_t *request, const char *op, const char *next_name,
                           const wanted_t *wanted, const question_t *recent)
{
    buffer_t out = buffer_new(REQUEST_MAX);
    buffer_printf(&out, "{\"op\":\"%s\"", op);
    put_text(&out, "symbol", &wanted->symbol);
    put_bounds(&out, wanted);
    put_raw(&out, next_name, wanted->question.next);
    ask(client, request, param_slice(&wanted->symbol), &out, recent, wanted->question.count);
}

void past_recent(client_t *client, rpc_request_t *request, text_t params)
{
    wanted_t wanted;
    const dialect_recent_t *takes = dialect_recent(client->link->dialect);
    if (!argument_channel(request, params, takes->needs_channel) || !read_wanted(request, params, takes->count, &wanted))
        return;
    if (query_answer_recent(client, request, &wanted.question))
        return;
    recent_asks(client->hub->recent, &wanted.question);
    ask_for_trades(client, request, "recent", "upto", &wanted, &wanted.question);
}

void past_since(client_t *client, rpc_request_t *request, text_t params)
{
    wanted_t wanted;
    if (!argument_channel(request, params, false) || !read_wanted(request, params, REQUEST_COUNT_DEFAULT, &wanted))
        return;
    if (wanted.question.after_ns == INT64_MIN)
        rpc_error(request, RPC_INVALID_PARAMS, "afterTimestamp is required");
    else
        ask_for_trades(client, request, "since", "from", &wanted, NULL);
}

void past_range(client_t *client, rpc_request_t *request, text_t params)
{
    param_text_t symbol, source;
    text_t from, to;
    uint64_t count = REQUEST_COUNT_DEFAULT;
    if (!argument_channel(request, params, false) || !argument_symbol(request, params, &symbol) ||
        !argument_source(request, params, &source) || !argument_count(request, params, &count) ||
        !argument_cursor(request, params, "from", &from) || !argument_cursor(request, params, "to", &to))
        return;
    if (source.length == 0) {
        rpc_error(request, RPC_INVALID_PARAMS, "source is required");
        return;
    }
    buffer_t out = buffer_new(REQUEST_MAX);
    buffer_printf(&out, "{\"op\":\"range\",\"topic\":\"trade.%.*s.%.*s\",\"count\":", TEXT_ARG(param_slice(&symbol)),
                  TEXT_ARG(param_slice(&source))); /* neither has a character that JSON would escape */
    buffer_append_u64(&out, count);
    put_raw(&out, "from", from);
    put_raw(&out, "to", to);
    ask(client, request, param_slice(&symbol), &out, NULL, count);
}

void past_candles(client_t *client, rpc_request_t *request, text_t params)
{
    interval_t interval;
    wanted_t wanted = {.question = ANY_TIME};
    if (!argument_channel(request, params, false) || !argument_symbol(request, params, &wanted.symbol) ||
        !argument_interval(request, params, &interval) || !argument_source(request, params, &wanted.source) ||
        !argument_count(request, params, &wanted.question.count) ||
        !argument_time(request, params, "beforeTimestamp", &wanted.question.before_ns) ||
        !argument_time(request, params, "afterTimestamp", &wanted.question.after_ns))
        return;
    buffer_t out = buffer_new(REQUEST_MAX);
    buffer_append(&out, TEXT("{\"op\":\"candles\""));
    put_text(&out, "symbol", &wanted.symbol);
    buffer_printf(&out, ",\"interval\":\"%s\"", interval_name(interval));
    put_bounds(&out, &wanted);
    ask(client, request, param_slice(&wanted.symbol), &out, NULL, wanted.question.count);
}

/* About one symbol, or about all. */
static bool read_one_or_all(rpc_request_t *request, text_t params, param_text_t *symbol)
{
    symbol->length = 0;
    return param_absent(json_member(params, "symbol")) || argument_symbol(request, params, symbol);
}

void past_stats(client_t *client, rpc_request_t *request, text_t params)
{
    param_text_t symbol;
    if (!read_one_or_all(request, params, &symbol))
        return;
    buffer_t out = buffer_new(REQUEST_MAX);
    buffer_append(&out, TEXT("{\"op\":\"stats\""));
    put_text(&out, "symbol", &symbol);
    ask(client, request, TEXT(""), &out, NULL, STATS_COUNT);
}

void past_clear(client_t *client, rpc_request_t *request, text_t params)
{
    param_text_t symbol;
    text_t token;
    if (!read_one_or_all(request, params, &symbol) || !argument_token(request, params, &token))
        return;
    buffer_t out = buffer_new(REQUEST_MAX);
    buffer_append(&out, TEXT("{\"op\":\"clear\""));
    put_text(&out, "symbol", &symbol);
    put_raw(&out, "token", token);
    if (complete(request, &out))
        query_clear(client, request, buffer_text(&out));
    buffer_release(&out);
}
