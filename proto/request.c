#include "proto/request.h"

#include "proto/moment.h"
#include "proto/topic.h"

#include <stdarg.h>
#include <stdio.h>

enum { FOUND_MAX = 64 /* bytes of a wrong value that its error message repeats */ };

/* One member of a request: how it is read, and what is said when it can't be. */
typedef struct {
    const char *name;
    const char *code;
    const char *expected;
    bool (*read)(request_t *request, text_t value); /* value: raw JSON */
    bool secret;                                    /* never repeated */
} request_member_t;

/* What an operation can't do without: names of members. An operation that is not listed needs nothing, or is for the server to
 * refuse. */
typedef struct {
    const char *op;
    const char *needs[2];
} operation_t;

static const operation_t operations[] = {
    {"recent", {"symbol"}},           {"since", {"symbol"}},    {"range", {"topic"}},   {"candles", {"symbol", "interval"}},
    {"ahead", {"topic", "to"}},       {"coverage", {"symbol"}}, {"offers", {"source"}}, {"add", {"source", "symbol"}},
    {"remove", {"source", "symbol"}},
};

static bool read_id(request_t *request, text_t value)
{
    request->has_id = json_u64(value, &request->id);
    return request->has_id;
}

static bool read_op(request_t *request, text_t value)
{
    return json_plain_string(value, &request->op);
}

static bool read_symbol(request_t *request, text_t value)
{
    return json_plain_string(value, &request->symbol) && subject_valid(request->symbol);
}

static bool read_topic(request_t *request, text_t value)
{
    text_t symbol, source;
    return json_plain_string(value, &request->topic) && topic_parse(request->topic, &symbol, &source);
}

static bool read_source(request_t *request, text_t value)
{
    return json_plain_string(value, &request->source) && source_valid(request->source);
}

static bool read_token(request_t *request, text_t value)
{
    if (json_kind(value) != JSON_STRING)
        return false;
    request->token = (text_t){value.at + 1, value.length - 2};
    return true;
}

static bool read_count(request_t *request, text_t value)
{
    return json_u64(value, &request->count) && request->count >= 1 && request->count <= REQUEST_COUNT_MAX;
}

static bool read_cursor(text_t value, cursor_t *cursor)
{
    text_t text;
    return json_plain_string(value, &text) && cursor_parse(text, cursor);
}

static bool read_places(text_t value, text_t *places)
{
    if (json_kind(value) != JSON_OBJECT)
        return false;
    cursor_t cursor;
    for (json_walk_t walk = json_walk(value); json_next(&walk);)
        if (!read_cursor(walk.value, &cursor))
            return false;
    *places = value;
    return true;
}

/* One cursor for a stream, or one for each source of a symbol. */
static bool read_from(request_t *request, text_t value)
{
    if (json_kind(value) == JSON_OBJECT)
        return read_places(value, &request->from_each);
    request->has_from = read_cursor(value, &request->from);
    return request->has_from;
}

static bool read_to(request_t *request, text_t value)
{
    request->has_to = read_cursor(value, &request->to);
    return request->has_to;
}

static bool read_before(request_t *request, text_t value)
{
    request->has_before = moment_parse_json(value, &request->before_ns);
    return request->has_before;
}

static bool read_after(request_t *request, text_t value)
{
    request->has_after = moment_parse_json(value, &request->after_ns);
    return request->has_after;
}

static bool read_upto(request_t *request, text_t value)
{
    return read_places(value, &request->upto);
}

static bool read_next(request_t *request, text_t value)
{
    return json_plain_string(value, &request->next) && request->next.length > 0;
}

static bool read_interval(request_t *request, text_t value)
{
    text_t text;
    return json_plain_string(value, &text) && interval_parse(text, &request->interval);
}

/* id comes first, so that every error behind it carries it. */
static const request_member_t members[] = {
    {"id", ERROR_INVALID_REQUEST, "a whole number from 0 to 18446744073709551615", read_id, false},
    {"op", ERROR_INVALID_REQUEST, "a string without escapes", read_op, false},
    {"symbol", ERROR_INVALID_SYMBOL, "a symbol such as \"BTC-USD\"", read_symbol, false},
    {"topic", ERROR_INVALID_TOPIC, "\"trade.<SYMBOL>.<source>\"", read_topic, false},
    {"source", ERROR_INVALID_REQUEST, "the name of a source", read_source, false},
    {"token", ERROR_INVALID_REQUEST, "a string", read_token, true},
    {"count", ERROR_INVALID_COUNT, "a whole number from 1 to 10000", read_count, false},
    {"from", ERROR_INVALID_CURSOR, "\"<epoch>-<seq>\", or for since an object {\"<source>\":\"<epoch>-<seq>\"}", read_from,
     false},
    {"to", ERROR_INVALID_CURSOR, "\"<epoch>-<seq>\"", read_to, false},
    {"before", ERROR_INVALID_TIME, MOMENT_EXPECTED, read_before, false},
    {"after", ERROR_INVALID_TIME, MOMENT_EXPECTED, read_after, false},
    {"interval", ERROR_INVALID_REQUEST, "one of " INTERVAL_NAMES, read_interval, false},
    {"upto", ERROR_INVALID_CURSOR, "an object {\"<source>\":\"<epoch>-<seq>\"}", read_upto, false},
    {"next", ERROR_INVALID_CURSOR, "what an answer had as next", read_next, false},
};

_Static_assert(REQUEST_COUNT_MAX == 10000, "members[] names it");

static bool read_members(text_t json, request_t *request, buffer_t *answer)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const request_member_t *member = &members[i];
        text_t value = json_member(json, member->name);
        if (value.length == 0 || member->read(request, value))
            continue;
        if (member->secret)
            value = TEXT("something else");
        bool cut = value.length > FOUND_MAX;
        answer_error(answer, request, member->code, "%s: expected %s, found %.*s%s", member->name, member->expected,
                     cut ? FOUND_MAX : (int)value.length, value.at, cut ? "…" : "");
        return false;
    }
    return true;
}

static bool has_needed(text_t json, const request_t *request, buffer_t *answer)
{
    if (request->op.length == 0) {
        answer_error(answer, request, ERROR_INVALID_REQUEST, "op: expected the name of an operation, found none");
        return false;
    }
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        const operation_t *operation = &operations[i];
        if (!text_equal(request->op, text_of(operation->op)))
            continue;
        for (size_t n = 0; n < sizeof operation->needs / sizeof *operation->needs && operation->needs[n]; n++) {
            if (json_member(json, operation->needs[n]).length)
                continue;
            answer_error(answer, request, ERROR_INVALID_REQUEST, "%s: %s needs it, found none", operation->needs[n],
                         operation->op);
            return false;
        }
    }
    return true;
}

/* A stream is read from a cursor, a symbol from one for each source. */
static bool has_fitting_from(const request_t *request, buffer_t *answer)
{
    bool since = text_equal(request->op, TEXT("since"));
    if (since ? !request->has_from : request->from_each.length == 0 || !text_equal(request->op, TEXT("range")))
        return true;
    answer_error(answer, request, ERROR_INVALID_CURSOR, "from: expected %s",
                 since ? "an object {\"<source>\":\"<epoch>-<seq>\"}" : "\"<epoch>-<seq>\"");
    return false;
}

/* Not closed yet. */
static json_writer_t begin_answer(buffer_t *answer, const request_t *request, bool ok)
{
    buffer_clear(answer);
    json_writer_t json = json_write(answer);
    json_open_object(&json, NULL);
    json_put_bool(&json, "ok", ok);
    if (request->has_id)
        json_put_u64(&json, "id", request->id);
    return json;
}

static json_writer_t begin_request(buffer_t *out, const char *op)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "op", text_of(op));
    return json;
}

bool request_parse(text_t json, request_t *request, buffer_t *answer)
{
    *request = (request_t){.op = TEXT(""),
                           .symbol = TEXT(""),
                           .topic = TEXT(""),
                           .source = TEXT(""),
                           .token = TEXT(""),
                           .next = TEXT(""),
                           .count = REQUEST_COUNT_DEFAULT};
    if (json.length > REQUEST_MAX) {
        answer_error(answer, request, ERROR_INVALID_REQUEST, "expected at most %d bytes, found %zu", REQUEST_MAX, json.length);
        return false;
    }
    if (!json_valid(json)) {
        answer_error(answer, request, ERROR_INVALID_JSON, "expected one JSON object in UTF-8");
        return false;
    }
    if (!json_walk(json).object) {
        answer_error(answer, request, ERROR_INVALID_REQUEST, "expected a JSON object");
        return false;
    }
    return read_members(json, request, answer) && has_needed(json, request, answer) && has_fitting_from(request, answer);
}

bool request_place(text_t places, text_t source, cursor_t *cursor)
{
    for (json_walk_t walk = json_walk(places); json_next(&walk);)
        if (text_equal(walk.key, source))
            return read_cursor(walk.value, cursor);
    return false;
}

void answer_error(buffer_t *answer, const request_t *request, const char *code, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    json_writer_t json = begin_answer(answer, request, false);
    json_open_object(&json, "error");
    json_put_text(&json, "code", text_of(code));
    json_put_text(&json, "message", (text_t){message, length < 0 ? 0 : strnlen(message, sizeof message - 1)});
    json_close_object(&json);
    json_close_object(&json);
}

void answer_frames_error(buffer_t *answer, size_t frames)
{
    answer_error(answer, &(request_t){0}, ERROR_INVALID_REQUEST, "expected one frame behind the empty one, found %zu", frames);
}

json_writer_t answer_begin(buffer_t *answer, const request_t *request)
{
    return begin_answer(answer, request, true);
}

bool answer_is_error(text_t answer)
{
    return json_kind(json_member(answer, "ok")) == JSON_FALSE;
}

void range_request_print(buffer_t *out, text_t topic, cursor_t from, const cursor_t *to, uint64_t count)
{
    json_writer_t json = begin_request(out, "range");
    json_put_text(&json, "topic", topic);
    cursor_put(&json, "from", from);
    if (to)
        cursor_put(&json, "to", *to);
    json_put_u64(&json, "count", count);
    json_close_object(&json);
}

/* One walk, not a look-up for each member: an answer may be megabytes long. */
bool range_answer_parse(text_t json, range_answer_t *answer)
{
    bool ok = false, has_missing = false, next_good = true;
    range_answer_t result = {.trades = {NULL, 0}};
    if (!json_valid(json))
        return false;
    json_walk_t walk = json_walk(json);
    while (walk.object && json_next(&walk)) {
        if (text_equal(walk.key, TEXT("ok")))
            ok = json_kind(walk.value) == JSON_TRUE;
        else if (text_equal(walk.key, TEXT("trades")))
            result.trades = walk.value;
        else if (text_equal(walk.key, TEXT("missing")))
            has_missing = json_u64(walk.value, &result.missing);
        else if (text_equal(walk.key, TEXT("next")))
            next_good = result.has_next = read_cursor(walk.value, &result.next);
    }
    if (!ok || !has_missing || !next_good || json_kind(result.trades) != JSON_ARRAY)
        return false;
    *answer = result;
    return true;
}

void streams_request_print(buffer_t *out, text_t topic)
{
    json_writer_t json = begin_request(out, "streams");
    if (topic.length > 0)
        json_put_text(&json, "topic", topic);
    json_close_object(&json);
}

void ahead_request_print(buffer_t *out, text_t topic, cursor_t to)
{
    json_writer_t json = begin_request(out, "ahead");
    json_put_text(&json, "topic", topic);
    cursor_put(&json, "to", to);
    json_close_object(&json);
}

bool ahead_answer_parse(text_t json, uint64_t *epoch)
{
    return json_valid(json) && json_kind(json_member(json, "ok")) == JSON_TRUE && json_u64(json_member(json, "epoch"), epoch);
}

bool streams_answer_parse(text_t json, json_walk_t *walk)
{
    if (!json_valid(json) || json_kind(json_member(json, "ok")) != JSON_TRUE)
        return false;
    text_t streams = json_member(json, "streams");
    *walk = json_walk(streams);
    return json_kind(streams) == JSON_ARRAY;
}

bool streams_item_parse(text_t json, streams_item_t *item)
{
    text_t symbol, source;
    return json_plain_string(json_member(json, "topic"), &item->topic) && topic_parse(item->topic, &symbol, &source) &&
           read_cursor(json_member(json, "last"), &item->last);
}
