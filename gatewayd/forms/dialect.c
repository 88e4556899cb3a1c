#include "gatewayd/forms/dialect.h"

#include "gatewayd/forms/rpc_code.h"

#include <stdio.h>

enum { DATA_MAX = 64 /* bytes of an error's data */ };

static const struct {
    answer_form_t
        form;        /* of a list: ANSWER_LIST: it is the result itself, and the members around it stand in `page` beside it */
    bool names_code; /* an error's message is the name of its code, and what was wrong is its data */
} rules[DIALECT_COUNT] = {[DIALECT_SIGNALR] = {.form = ANSWER_LIST, .names_code = true}};

static const struct {
    int code;
    const char *name;
} names[] = {
    {RPC_PARSE_ERROR, "Parse error"},
    {RPC_INVALID_REQUEST, "Invalid Request"},
    {RPC_METHOD_NOT_FOUND, "Method not found"},
    {RPC_INVALID_PARAMS, "Invalid params"},
    {RPC_INTERNAL_ERROR, "Internal error"},
    {RPC_UNAVAILABLE, "Unavailable"},
    {RPC_LIMIT, "Limit exceeded"},
    {RPC_FORBIDDEN, "Forbidden"},
    {RPC_TOO_MANY, "Too many requests"},
};

/* With a reason RPC_LIMIT is that of who is not let in. */
static text_t name_of(int code, const char *reason)
{
    if (code == RPC_LIMIT && reason)
        return TEXT("Unauthorized");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].code == code)
            return text_of(names[i].name);
    }
    return TEXT("Server error");
}

/* A message that begins with the name need not say it twice. */
static text_t without_name(text_t message, text_t name)
{
    text_t rest = {message.at + name.length, message.length - name.length};
    if (!text_starts_with(message, name) || !text_starts_with(rest, TEXT(": ")))
        return message;
    return (text_t){rest.at + 2, rest.length - 2};
}

answer_form_t dialect_form(dialect_t dialect)
{
    return rules[dialect].form;
}

void dialect_put_list(dialect_t dialect, const reply_list_t *list, buffer_t *out)
{
    bool unwraps = rules[dialect].form == ANSWER_LIST;
    buffer_append(out, TEXT(",\"result\":"));
    if (unwraps)
        buffer_append(out, list->list);
    buffer_append(out, unwraps ? TEXT(ANSWER_PAGE) : TEXT("{"));
    buffer_append(out, list->before);
    if (!unwraps) {
        buffer_printf(out, ",\"%s\":", list->name);
        buffer_append(out, list->list);
    }
    buffer_append(out, list->after);
    buffer_append(out, TEXT("}"));
}

/* data: the members of it, as JSON, for programs; empty: none. */
static void put_error(dialect_t dialect, int code, text_t name, text_t data, text_t message, buffer_t *out)
{
    buffer_printf(out, ",\"error\":{\"code\":%d,\"message\":", code);
    if (rules[dialect].names_code) {
        buffer_append_json_string(out, name);
        buffer_append(out, TEXT(",\"data\":"));
        message = without_name(message, name);
    }
    buffer_append_json_string(out, message);
    if (data.length > 0)
        buffer_printf(out, rules[dialect].names_code ? ",%.*s" : ",\"data\":{%.*s}", TEXT_ARG(data));
    buffer_append(out, TEXT("}"));
}

void dialect_put_error(dialect_t dialect, int code, const char *reason, text_t message, buffer_t *out)
{
    char data[DATA_MAX];
    int length = reason ? snprintf(data, sizeof data, "\"reason\":\"%s\"", reason) : 0;
    put_error(dialect, code, name_of(code, reason), (text_t){data, (size_t)length}, message, out);
}

void dialect_put_too_many(dialect_t dialect, uint64_t retry_ms, buffer_t *out)
{
    char data[DATA_MAX];
    int length = snprintf(data, sizeof data, "\"retry_ms\":%llu", (unsigned long long)retry_ms);
    put_error(dialect, RPC_TOO_MANY, name_of(RPC_TOO_MANY, NULL), (text_t){data, (size_t)length},
              TEXT("Too many requests: wait before the next one"), out);
}
