#include "gatewayd/methods/arguments.h"

#include "common/buffer.h"
#include "proto/moment.h"

#include <stdio.h>

/* One that is to be read. */
typedef struct {
    const char *name;
    value_t value;
    reply_t *reply;
    arguments_channel_fn *has_channel;
    const void *arg; /* of it */
} argument_t;

/* --- forms --- */

static bool is_absent(value_t value)
{
    return value.plain ? !value.text.at : param_absent(value.text);
}

static bool is_empty(value_t value)
{
    return value.plain ? value.text.length == 0 : text_equal(value.text, TEXT("\"\""));
}

static bool read_text(value_t value, param_text_t *out)
{
    if (!value.plain)
        return param_text(value.text, out);
    out->length = 0;
    if (value.text.length > sizeof out->bytes || memchr(value.text.at, '\0', value.text.length))
        return false;
    memcpy(out->bytes, value.text.at, value.text.length);
    out->length = value.text.length;
    return true;
}

static bool read_time(value_t value, int64_t *ns)
{
    return value.plain ? moment_parse_query(value.text, ns) : moment_parse_json(value.text, ns);
}

static bool read_cursor(value_t value, text_t *text)
{
    cursor_t cursor;
    *text = value.text;
    return (value.plain || json_plain_string(value.text, text)) && cursor_parse(*text, &cursor);
}

/* --- refusals: what was found is shown as JSON, so that a text is told from a number --- */

static text_t raw_value(value_t value, buffer_t *room)
{
    if (!value.plain)
        return value.text;
    buffer_append_json_string(room, value.text);
    return buffer_text(room);
}

static bool refuse(const argument_t *argument, const char *expected)
{
    buffer_t room = buffer_new(0);
    text_t found = is_absent(argument->value) ? TEXT("none") : param_found(raw_value(argument->value, &room));
    reply_error(argument->reply, RPC_INVALID_PARAMS, "%s: expected %s, found %.*s", argument->name, expected, TEXT_ARG(found));
    buffer_release(&room);
    return false;
}

/* A name, which is shown as it is. */
static bool refuse_name(const argument_t *argument)
{
    buffer_t room = buffer_new(0);
    param_text_t scratch;
    text_t raw = raw_value(argument->value, &room);
    reply_error(argument->reply, RPC_INVALID_PARAMS, "Invalid %s: %.*s", argument->name, TEXT_ARG(param_shown(raw, &scratch)));
    buffer_release(&room);
    return false;
}

/* --- arguments --- */

static bool is_channel(const argument_t *argument, text_t channel)
{
    return text_equal(channel, TEXT(CHANNEL_TRADES)) ||
           (channel_valid(channel) && argument->has_channel(argument->arg, channel));
}

static bool take_channel(const argument_t *argument, bool required, param_text_t *channel)
{
    if (is_absent(argument->value) && !required)
        return true;
    if (!is_absent(argument->value) && read_text(argument->value, channel) && is_channel(argument, param_slice(channel)))
        return true;
    reply_refuse_channel(argument->reply);
    return false;
}

/* The key becomes the subject. */
static bool join(text_t channel, param_text_t *key)
{
    char subject[SUBJECT_MAX];
    if (text_equal(channel, TEXT(CHANNEL_TRADES)))
        return symbol_valid(param_slice(key));
    if (!key_valid(param_slice(key)))
        return false;
    key->length = subject_print(subject, channel, param_slice(key));
    memcpy(key->bytes, subject, key->length);
    return true;
}

static bool take_symbol(const argument_t *argument, text_t channel, param_text_t *symbol)
{
    if (is_absent(argument->value) || is_empty(argument->value)) {
        reply_error(argument->reply, RPC_INVALID_PARAMS, "Symbol is required");
        return false;
    }
    return (read_text(argument->value, symbol) && join(channel, symbol)) || refuse_name(argument);
}

/* All means all channels: who names another one than trades means its keys, not that. */
static bool is_all(const arguments_t *self, const argument_t *argument)
{
    return is_absent(argument->value) && text_equal(param_slice(&self->channel), TEXT(CHANNEL_TRADES));
}

static bool take_source(const argument_t *argument, param_text_t *source)
{
    return (read_text(argument->value, source) && source_valid(param_slice(source))) || refuse_name(argument);
}

static bool take_count(const argument_t *argument, uint64_t *count)
{
    char expected[64];
    bool number = json_u64(argument->value.text, count);
    if (number && *count >= 1 && *count <= REQUEST_COUNT_MAX)
        return true;
    snprintf(expected, sizeof expected, "a whole number from 1 to %d", REQUEST_COUNT_MAX);
    argument_t found = *argument;
    found.value.plain = found.value.plain && !number;
    return refuse(&found, expected);
}

static bool take_flag(const argument_t *argument, bool *flag)
{
    text_t text = argument->value.text;
    json_kind_t kind = argument->value.plain ? JSON_NONE : json_kind(text);
    *flag = kind == JSON_TRUE || (argument->value.plain && text_equal(text, TEXT("true")));
    bool off = kind == JSON_FALSE || (argument->value.plain && text_equal(text, TEXT("false")));
    return *flag || off || refuse(argument, "true or false");
}

/* A cursor, or an object of one by source. */
static bool is_since(text_t since)
{
    text_t text;
    if (json_kind(since) == JSON_STRING)
        return read_cursor((value_t){.text = since}, &text);
    if (json_kind(since) != JSON_OBJECT)
        return false;
    for (json_walk_t walk = json_walk(since); json_next(&walk);) {
        if (!read_cursor((value_t){.text = walk.value}, &text))
            return false;
    }
    return true;
}

static bool take_since(const argument_t *argument, text_t *since)
{
    *since = argument->value.text;
    return (!argument->value.plain && is_since(*since)) ||
           refuse(argument, "\"<epoch>-<seq>\" or an object with one by source");
}

static bool take_next(const argument_t *argument, text_t *next)
{
    *next = argument->value.text;
    return (!argument->value.plain && json_kind(*next) == JSON_OBJECT && is_since(*next)) ||
           refuse(argument, "that of an earlier page, {\"<source>\":\"<epoch>-<seq>\"}");
}

/* History says whether it is one. */
static bool take_place(const argument_t *argument, text_t *next)
{
    *next = argument->value.text;
    return (!argument->value.plain && json_kind(*next) == JSON_STRING) || refuse(argument, "that of an earlier page, a string");
}

static bool take_interval(const argument_t *argument, interval_t *interval)
{
    param_text_t text;
    return (!is_absent(argument->value) && read_text(argument->value, &text) && interval_parse(param_slice(&text), interval)) ||
           refuse(argument, "one of " INTERVAL_NAMES);
}

static bool take_token(const argument_t *argument, text_t *token)
{
    *token = argument->value.text;
    if (!argument->value.plain && json_kind(*token) == JSON_STRING)
        return true;
    reply_error(argument->reply, RPC_INVALID_PARAMS, "token: expected a string"); /* what it was is nobody's business */
    return false;
}

static const char *const names[TAKES_COUNT_OF] = {
    [TAKES_CHANNEL] = "channel",
    [TAKES_CHANNEL_NAMED] = "channel",
    [TAKES_CHANNEL_ASKED] = "channel",
    [TAKES_SYMBOL] = "symbol",
    [TAKES_SYMBOL_OR_ALL] = "symbol",
    [TAKES_SOURCE] = "source",
    [TAKES_COUNT] = "count",
    [TAKES_BEFORE] = "beforeTimestamp",
    [TAKES_AFTER] = "afterTimestamp",
    [TAKES_FROM] = "from",
    [TAKES_TO] = "to",
    [TAKES_NEXT] = "next",
    [TAKES_PLACE] = "next",
    [TAKES_SINCE] = "since",
    [TAKES_INTERVAL] = "interval",
    [TAKES_BATCH] = "batch",
    [TAKES_MARK] = "mark",
    [TAKES_TOKEN] = "token",
};

/* Which may be absent. */
static bool take_given(arguments_t *self, takes_t takes, const argument_t *argument)
{
    switch (takes) {
    case TAKES_SOURCE:
        return take_source(argument, &self->source);
    case TAKES_COUNT:
        return take_count(argument, &self->count);
    case TAKES_BEFORE:
        return read_time(argument->value, &self->before_ns) || refuse(argument, MOMENT_EXPECTED);
    case TAKES_AFTER:
        return read_time(argument->value, &self->after_ns) || refuse(argument, MOMENT_EXPECTED);
    case TAKES_FROM:
        return read_cursor(argument->value, &self->from) || refuse(argument, "\"<epoch>-<seq>\"");
    case TAKES_TO:
        return read_cursor(argument->value, &self->to) || refuse(argument, "\"<epoch>-<seq>\"");
    case TAKES_NEXT:
        return take_next(argument, &self->next);
    case TAKES_PLACE:
        return take_place(argument, &self->next);
    case TAKES_SINCE:
        return take_since(argument, &self->since);
    case TAKES_BATCH:
        return take_flag(argument, &self->batch);
    case TAKES_MARK:
        return take_flag(argument, &self->mark);
    case TAKES_TOKEN:
        return take_token(argument, &self->token);
    default:
        return true;
    }
}

static bool take(arguments_t *self, takes_t takes, const argument_t *argument, answer_form_t form)
{
    switch (takes) {
    case TAKES_CHANNEL:
        return take_channel(argument, false, &self->channel);
    case TAKES_CHANNEL_NAMED:
        return take_channel(argument, true, &self->channel);
    case TAKES_CHANNEL_ASKED:
        return take_channel(argument, answer_form_recent(form)->needs_channel, &self->channel);
    case TAKES_SYMBOL:
        return take_symbol(argument, param_slice(&self->channel), &self->symbol);
    case TAKES_SYMBOL_OR_ALL:
        return is_all(self, argument) || take_symbol(argument, param_slice(&self->channel), &self->symbol);
    case TAKES_INTERVAL:
        return take_interval(argument, &self->interval);
    default:
        return is_absent(argument->value) || take_given(self, takes, argument);
    }
}

bool arguments_read(arguments_t *self, const takes_t *takes, value_fn *value, const void *from, answer_form_t form,
                    arguments_channel_fn *has_channel, const void *arg, reply_t *reply)
{
    self->symbol.length = self->source.length = 0;
    self->channel.length = strlen(CHANNEL_TRADES);
    memcpy(self->channel.bytes, CHANNEL_TRADES, self->channel.length);
    self->count = 0;
    self->before_ns = self->after_ns = INT64_MIN;
    self->visible = PERIOD_ALL;
    self->from = self->to = self->next = self->since = TEXT("");
    self->token = TEXT("\"\"");
    self->batch = self->mark = false;
    bool good = true;
    for (; good && *takes != TAKES_NO_MORE; takes++)
        good = take(self, *takes, &(argument_t){names[*takes], value(from, names[*takes]), reply, has_channel, arg}, form);
    return good;
}
