#include "gatewayd/methods/history_methods.h"

#include "common/json/json_write.h"
#include "gatewayd/methods/bounded_range.h"
#include "gatewayd/methods/query.h"
#include "gatewayd/streams/recent.h"

#include <stdio.h>

enum { REST_BYTES = 64 /* of a request, beside what is looked at here: the number, a name, the brace */ };

static void put_text(buffer_t *out, const char *name, const param_text_t *value)
{
    if (value->length == 0)
        return;
    buffer_printf(out, ",\"%s\":", name);
    buffer_append_json_string(out, param_slice(value));
}

static void put_raw(buffer_t *out, const char *name, text_t value)
{
    if (value.length == 0)
        return;
    buffer_printf(out, ",\"%s\":", name);
    buffer_append(out, value);
}

static void put_cursor(buffer_t *out, const char *name, text_t cursor)
{
    if (cursor.length > 0)
        buffer_printf(out, ",\"%s\":\"%.*s\"", name, TEXT_ARG(cursor));
}

/* What is too old for the caller, or too new, is as if it were not there. */
static period_t period_of(const arguments_t *arguments)
{
    int64_t before_ns = arguments->before_ns == INT64_MIN ? INT64_MAX : arguments->before_ns;
    return period_both((period_t){arguments->after_ns, before_ns}, arguments->visible);
}

static void put_bounds(buffer_t *out, const arguments_t *arguments)
{
    json_writer_t json = json_write_on(out);
    put_text(out, "source", &arguments->source);
    period_put(period_of(arguments), &json);
}

static uint64_t count_of(const arguments_t *arguments)
{
    return arguments->count > 0 ? arguments->count : REQUEST_COUNT_DEFAULT;
}

/* A request for history, as it is made: its text, of which `count` stands behind the first `head` bytes. */
typedef struct {
    buffer_t text;
    size_t head;
    asked_t asked;
} making_t;

static void put_op(buffer_t *out, const char *op)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "op", text_of(op));
}

static making_t begin_making(const char *op)
{
    making_t making = {.text = buffer_new(REQUEST_MAX - REST_BYTES)};
    put_op(&making.text, op);
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
static void ask(caller_t *caller, reply_t *reply, text_t symbol, making_t *making, const recent_query_t *recent)
{
    text_t text = buffer_text(&making->text);
    making->asked.head = (text_t){text.at, making->head};
    making->asked.tail = (text_t){text.at + making->head, text.length - making->head};
    if (!buffer_ok(&making->text) || text.length + making->asked.next.length > REQUEST_MAX - REST_BYTES)
        reply_error(reply, RPC_INVALID_PARAMS, "Params are too long");
    else
        query_start(caller, reply, symbol, &making->asked, recent);
    buffer_release(&making->text);
}

/* next_name: the member that says history where to go on. */
static void ask_for_trades(caller_t *caller, const arguments_t *arguments, reply_t *reply, const char *op,
                           const char *next_name, uint64_t count, const recent_query_t *recent)
{
    making_t making = begin_making(op);
    put_text(&making.text, "symbol", &arguments->symbol);
    put_count(&making, count);
    put_bounds(&making.text, arguments);
    put_next(&making, next_name, arguments->next);
    ask(caller, reply, param_slice(&arguments->symbol), &making, recent);
}

void history_methods_recent(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    period_t period = period_of(arguments);
    recent_query_t question = {.symbol = param_slice(&arguments->symbol),
                               .source = param_slice(&arguments->source),
                               .count = arguments->count > 0 ? arguments->count : answer_form_recent(caller->form)->count,
                               .after_ns = period.after_ns,
                               .before_ns = period.before_ns == INT64_MAX ? INT64_MIN : period.before_ns,
                               .next = arguments->next};
    if (query_answer_recent(caller, reply, &question))
        return;
    recent_asks(caller->hub->recent, &question, hub_now_ns(caller->hub));
    ask_for_trades(caller, arguments, reply, "recent", "upto", question.count, &question);
}

void history_methods_since(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    if (arguments->after_ns == INT64_MIN)
        reply_error(reply, RPC_INVALID_PARAMS, "afterTimestamp is required");
    else
        ask_for_trades(caller, arguments, reply, "since", "from", count_of(arguments), NULL);
}

void history_methods_range(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    char from[CURSOR_MAX + sizeof "\"\""], topic[TOPIC_MAX];
    if (arguments->source.length == 0) {
        reply_error(reply, RPC_INVALID_PARAMS, "source is required");
        return;
    }
    if (!period_is_all(arguments->visible)) {
        bounded_range_find(caller, arguments, reply, history_methods_range);
        return;
    }
    making_t making = begin_making("range");
    json_writer_t json = json_write_on(&making.text);
    json_put_name(&json, TEXT("topic"));
    size_t topic_length = topic_print(topic, param_slice(&arguments->symbol), param_slice(&arguments->source));
    json_put_text(&json, NULL, (text_t){topic, topic_length});
    put_count(&making, count_of(arguments));
    put_cursor(&making.text, "to", arguments->to);
    int length = snprintf(from, sizeof from, "\"%.*s\"", TEXT_ARG(arguments->from));
    put_next(&making, "from", (text_t){from, arguments->from.length > 0 ? (size_t)length : 0});
    ask(caller, reply, param_slice(&arguments->symbol), &making, NULL);
}

/* Only candles of which all is old enough. */
static arguments_t whole_candles(const arguments_t *arguments)
{
    arguments_t whole = *arguments;
    int64_t *before_ns = &whole.visible.before_ns;
    if (*before_ns != INT64_MAX)
        *before_ns = *before_ns / interval_ns(whole.interval) * interval_ns(whole.interval);
    return whole;
}

void history_methods_candles(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    arguments_t whole = whole_candles(arguments);
    if (!subject_is_symbol(param_slice(&arguments->symbol))) {
        reply_refuse_channel(reply);
        return;
    }
    making_t making = begin_making("candles");
    put_text(&making.text, "symbol", &arguments->symbol);
    json_writer_t json = json_write_on(&making.text);
    json_put_text(&json, "interval", text_of(interval_name(arguments->interval)));
    put_count(&making, count_of(arguments));
    put_bounds(&making.text, &whole);
    ask(caller, reply, param_slice(&arguments->symbol), &making, NULL);
}

/* Its `next` is not put_next's, which has a query fetched in pieces: those are of trades. */
void history_methods_coverage(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    if (!subject_is_symbol(param_slice(&arguments->symbol))) {
        reply_refuse_channel(reply);
        return;
    }
    making_t making = begin_making("coverage");
    put_text(&making.text, "symbol", &arguments->symbol);
    put_count(&making, count_of(arguments));
    put_bounds(&making.text, arguments);
    put_raw(&making.text, "next", arguments->next);
    ask(caller, reply, param_slice(&arguments->symbol), &making, NULL);
}

void history_methods_stats(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    making_t making = begin_making("stats");
    put_text(&making.text, "symbol", &arguments->symbol);
    put_count(&making, 0);
    ask(caller, reply, TEXT(""), &making, NULL);
}

void history_methods_clear(caller_t *caller, const arguments_t *arguments, reply_t *reply)
{
    if (arguments->symbol.length == 0 && !role_sees_all(caller_role(caller))) {
        caller_refuse(reply, AUTH_ROLE); /* what it may not see, it may not clear */
        return;
    }
    buffer_t out = buffer_new(REQUEST_MAX);
    put_op(&out, "clear");
    put_text(&out, "symbol", &arguments->symbol);
    put_raw(&out, "token", arguments->token);
    buffer_append(&out, TEXT("}"));
    if (buffer_ok(&out))
        query_clear(caller, reply, buffer_text(&out));
    else
        reply_error(reply, RPC_INVALID_PARAMS, "Params are too long");
    buffer_release(&out);
}
