#include "gatewayd/methods/history_methods.h"

#include "common/timestamp.h"
#include "gatewayd/methods/arguments.h"
#include "gatewayd/methods/query.h"
#include "gatewayd/streams/recent.h"

enum { NS_DIGITS = 9, REST_BYTES = 64 /* of a request, beside what is looked at here: the number, a name, the brace */ };

/* What the methods about a symbol's trades take. */
typedef struct {
    param_text_t symbol, source;
    recent_query_t question; /* its texts are slices of these */
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
    put_text(out, "source", &wanted->source);
    put_time(out, "before", wanted->question.before_ns);
    put_time(out, "after", wanted->question.after_ns);
}

/* A request for history, as it is made: its text, of which `count` stands behind the first `head` bytes. */
typedef struct {
    buffer_t text;
    size_t head;
    asked_t asked;
} making_t;

static making_t begin_making(const char *op)
{
    making_t making = {.text = buffer_new(REQUEST_MAX - REST_BYTES)};
    buffer_printf(&making.text, "{\"op\":\"%s\"", op);
    return making;
}

/* What follows stands behind the number. count: 0: it takes none. */
static void put_count(making_t *making, uint64_t count)
{
    making->head = making->text.length;
    making->asked.count = count;
}

/* Where to go on, by the name that history has for it. */
static void put_next(making_t *making, const char *name, text_t next)
{
    making->asked.next_name = name;
    making->asked.next = next;
}

/* Has it asked, unless it is too long: then the client is told. recent: see query.h. */
static void ask(client_t *client, reply_t *reply, text_t symbol, making_t *making, const recent_query_t *recent)
{
    text_t text = buffer_text(&making->text);
    making->asked.head = (text_t){text.at, making->head};
    making->asked.tail = (text_t){text.at + making->head, text.length - making->head};
    if (!buffer_ok(&making->text) || text.length + making->asked.next.length > REQUEST_MAX - REST_BYTES)
        reply_error(reply, RPC_INVALID_PARAMS, "Params are too long");
    else
        query_start(&client->talk, reply, symbol, &making->asked, recent);
    buffer_release(&making->text);
}

#define ANY_TIME                                                                                                               \
    {                                                                                                                          \
        .count = REQUEST_COUNT_DEFAULT, .after_ns = INT64_MIN, .before_ns = INT64_MIN                                          \
    }

/* What all take who ask for trades by time; the channel was looked at. count: where the client names no number. */
static bool read_wanted(reply_t *reply, text_t params, uint64_t count, wanted_t *wanted)
{
    recent_query_t *question = &wanted->question;
    *question = (recent_query_t)ANY_TIME;
    question->count = count;
    wanted->symbol.length = wanted->source.length = 0;
    bool good = argument_symbol(reply, params, &wanted->symbol) && argument_source(reply, params, &wanted->source) &&
                argument_count(reply, params, &question->count) &&
                argument_time(reply, params, "beforeTimestamp", &question->before_ns) &&
                argument_time(reply, params, "afterTimestamp", &question->after_ns) &&
                argument_next(reply, params, &question->next);
    question->symbol = param_slice(&wanted->symbol);
    question->source = param_slice(&wanted->source);
    return good;
}

/* next_name: the member that says history where to go on. */
static void ask_for_trades(client_t *client, reply_t *reply, const char *op, const char *next_name, const wanted_t *wanted,
                           const recent_query_t *recent)
{
    making_t making = begin_making(op);
    put_text(&making.text, "symbol", &wanted->symbol);
    put_count(&making, wanted->question.count);
    put_bounds(&making.text, wanted);
    put_next(&making, next_name, wanted->question.next);
    ask(client, reply, param_slice(&wanted->symbol), &making, recent);
}

void history_methods_recent(client_t *client, reply_t *reply, text_t params)
{
    wanted_t wanted;
    const dialect_recent_t *takes = dialect_recent(client->talk.end.link->dialect);
    if (!argument_channel(reply, params, takes->needs_channel) || !read_wanted(reply, params, takes->count, &wanted))
        return;
    if (query_answer_recent(&client->talk, reply, &wanted.question))
        return;
    recent_asks(client->talk.hub->recent, &wanted.question, hub_now_ns(client->talk.hub));
    ask_for_trades(client, reply, "recent", "upto", &wanted, &wanted.question);
}

void history_methods_since(client_t *client, reply_t *reply, text_t params)
{
    wanted_t wanted;
    if (!argument_channel(reply, params, false) || !read_wanted(reply, params, REQUEST_COUNT_DEFAULT, &wanted))
        return;
    if (wanted.question.after_ns == INT64_MIN)
        reply_error(reply, RPC_INVALID_PARAMS, "afterTimestamp is required");
    else
        ask_for_trades(client, reply, "since", "from", &wanted, NULL);
}

void history_methods_range(client_t *client, reply_t *reply, text_t params)
{
    param_text_t symbol, source;
    text_t from, to;
    uint64_t count = REQUEST_COUNT_DEFAULT;
    if (!argument_channel(reply, params, false) || !argument_symbol(reply, params, &symbol) ||
        !argument_source(reply, params, &source) || !argument_count(reply, params, &count) ||
        !argument_cursor(reply, params, "from", &from) || !argument_cursor(reply, params, "to", &to))
        return;
    if (source.length == 0) {
        reply_error(reply, RPC_INVALID_PARAMS, "source is required");
        return;
    }
    making_t making = begin_making("range");
    buffer_printf(&making.text, ",\"topic\":\"trade.%.*s.%.*s\"", TEXT_ARG(param_slice(&symbol)),
                  TEXT_ARG(param_slice(&source))); /* neither has a character that JSON would escape */
    put_count(&making, count);
    put_raw(&making.text, "to", to);
    put_next(&making, "from", from);
    ask(client, reply, param_slice(&symbol), &making, NULL);
}

void history_methods_candles(client_t *client, reply_t *reply, text_t params)
{
    interval_t interval;
    wanted_t wanted = {.question = ANY_TIME};
    if (!argument_channel(reply, params, false) || !argument_symbol(reply, params, &wanted.symbol) ||
        !argument_interval(reply, params, &interval) || !argument_source(reply, params, &wanted.source) ||
        !argument_count(reply, params, &wanted.question.count) ||
        !argument_time(reply, params, "beforeTimestamp", &wanted.question.before_ns) ||
        !argument_time(reply, params, "afterTimestamp", &wanted.question.after_ns))
        return;
    making_t making = begin_making("candles");
    put_text(&making.text, "symbol", &wanted.symbol);
    buffer_printf(&making.text, ",\"interval\":\"%s\"", interval_name(interval));
    put_count(&making, wanted.question.count);
    put_bounds(&making.text, &wanted);
    ask(client, reply, param_slice(&wanted.symbol), &making, NULL);
}

/* About one symbol, or about all. */
static bool read_one_or_all(reply_t *reply, text_t params, param_text_t *symbol)
{
    symbol->length = 0;
    return param_absent(json_member(params, "symbol")) || argument_symbol(reply, params, symbol);
}

void history_methods_stats(client_t *client, reply_t *reply, text_t params)
{
    param_text_t symbol;
    if (!read_one_or_all(reply, params, &symbol))
        return;
    making_t making = begin_making("stats");
    put_text(&making.text, "symbol", &symbol);
    put_count(&making, 0);
    ask(client, reply, TEXT(""), &making, NULL);
}

void history_methods_clear(client_t *client, reply_t *reply, text_t params)
{
    param_text_t symbol;
    text_t token;
    if (!read_one_or_all(reply, params, &symbol) || !argument_token(reply, params, &token))
        return;
    buffer_t out = buffer_new(REQUEST_MAX);
    buffer_append(&out, TEXT("{\"op\":\"clear\""));
    put_text(&out, "symbol", &symbol);
    put_raw(&out, "token", token);
    buffer_append(&out, TEXT("}"));
    if (buffer_ok(&out))
        query_clear(&client->talk, reply, buffer_text(&out));
    else
        reply_error(reply, RPC_INVALID_PARAMS, "Params are too long");
    buffer_release(&out);
}
