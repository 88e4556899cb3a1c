#include "gatewayd/methods/arguments.h"

#include "common/moment.h"

bool argument_channel(reply_t *reply, text_t params, bool required)
{
    param_text_t live_stream;
    text_t raw = json_member(params, "channel");
    if ((param_absent(raw) && !required) ||
        (param_text(raw, &live_stream) && text_equal(param_slice(&live_stream), TEXT("trades"))))
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "Only 'trades' channel is supported");
    return false;
}

bool argument_symbol(reply_t *reply, text_t params, param_text_t *symbol)
{
    text_t raw = json_member(params, "symbol");
    if (param_absent(raw) || text_equal(raw, TEXT("\"\""))) {
        reply_error(reply, RPC_INVALID_PARAMS, "Symbol is required");
        return false;
    }
    if (param_text(raw, symbol) && symbol_valid(param_slice(symbol)))
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "Invalid symbol: %.*s", TEXT_ARG(param_shown(raw, symbol)));
    return false;
}

/* source->length is 0 where it is absent. */
bool argument_source(reply_t *reply, text_t params, param_text_t *source)
{
    text_t raw = json_member(params, "source");
    source->length = 0;
    if (param_absent(raw) || (param_text(raw, source) && source_valid(param_slice(source))))
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "Invalid source: %.*s", TEXT_ARG(param_shown(raw, source)));
    return false;
}

bool argument_count(reply_t *reply, text_t params, uint64_t *count)
{
    text_t raw = json_member(params, "count");
    if (param_absent(raw))
        return true;
    if (json_u64(raw, count) && *count >= 1 && *count <= REQUEST_COUNT_MAX)
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "count: expected a whole number from 1 to %d, found %.*s", REQUEST_COUNT_MAX,
                TEXT_ARG(param_found(raw)));
    return false;
}

bool argument_flag(reply_t *reply, text_t params, const char *name, bool *flag)
{
    text_t raw = json_member(params, name);
    json_kind_t kind = json_kind(raw);
    if (param_absent(raw))
        return true;
    *flag = kind == JSON_TRUE;
    if (kind == JSON_TRUE || kind == JSON_FALSE)
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "%s: expected true or false, found %.*s", name, TEXT_ARG(param_found(raw)));
    return false;
}

/* A cursor, or an object of one by source. */
static bool is_since(text_t since)
{
    text_t text;
    cursor_t cursor;
    if (json_kind(since) == JSON_STRING)
        return json_plain_string(since, &text) && cursor_parse(text, &cursor);
    if (json_kind(since) != JSON_OBJECT)
        return false;
    for (json_walk_t walk = json_walk(since); json_next(&walk);) {
        if (!json_plain_string(walk.value, &text) || !cursor_parse(text, &cursor))
            return false;
    }
    return true;
}

bool argument_since(reply_t *reply, text_t params, text_t *since)
{
    text_t raw = json_member(params, "since");
    *since = param_absent(raw) ? (text_t){"", 0} : raw;
    if (param_absent(raw) || is_since(raw))
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "since: expected \"<epoch>-<seq>\" or an object with one by source, found %.*s",
                TEXT_ARG(param_found(raw)));
    return false;
}

/* *ns stays as it is where the time is absent. */
bool argument_time(reply_t *reply, text_t params, const char *name, int64_t *ns)
{
    text_t raw = json_member(params, name);
    if (param_absent(raw) || moment_parse_json(raw, ns))
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "%s: expected " MOMENT_EXPECTED ", found %.*s", name, TEXT_ARG(param_found(raw)));
    return false;
}

bool argument_cursor(reply_t *reply, text_t params, const char *name, text_t *cursor)
{
    text_t raw = json_member(params, name), text;
    cursor_t parsed;
    *cursor = param_absent(raw) ? (text_t){"", 0} : raw;
    if (param_absent(raw) || (json_plain_string(raw, &text) && cursor_parse(text, &parsed)))
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "%s: expected \"<epoch>-<seq>\", found %.*s", name, TEXT_ARG(param_found(raw)));
    return false;
}

bool argument_next(reply_t *reply, text_t params, text_t *next)
{
    text_t raw = json_member(params, "next");
    *next = param_absent(raw) ? (text_t){"", 0} : raw;
    if (param_absent(raw) || (json_kind(raw) == JSON_OBJECT && is_since(raw)))
        return true;
    reply_error(reply, RPC_INVALID_PARAMS,
                "next: expected that of an earlier page, {\"<source>\":\"<epoch>-<seq>\"}, found %.*s",
                TEXT_ARG(param_found(raw)));
    return false;
}

bool argument_interval(reply_t *reply, text_t params, interval_t *interval)
{
    param_text_t text;
    text_t raw = json_member(params, "interval");
    if (!param_absent(raw) && param_text(raw, &text) && interval_parse(param_slice(&text), interval))
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "interval: expected one of " INTERVAL_NAMES ", found %.*s",
                TEXT_ARG(param_absent(raw) ? TEXT("none") : param_found(raw)));
    return false;
}

bool argument_token(reply_t *reply, text_t params, text_t *token)
{
    text_t raw = json_member(params, "token");
    *token = param_absent(raw) ? TEXT("\"\"") : raw;
    if (json_kind(*token) == JSON_STRING)
        return true;
    reply_error(reply, RPC_INVALID_PARAMS, "token: expected a string"); /* what it was is nobody's business */
    return false;
}
