#include "gatewayd/doors/rest.h"

#include "common/json.h"
#include "common/moment.h"
#include "common/timestamp.h"
#include "common/version.h"
#include "gatewayd/forms/page_token.h"
#include "gatewayd/forms/params.h"
#include "gatewayd/forms/rpc.h"
#include "proto/request.h"
#include "proto/topic.h"

#include <stdarg.h>
#include <stdio.h>

enum { NS_DIGITS = 9 };

/* How an argument stands in the params. */
typedef enum {
    ARGUMENT_END,
    ARGUMENT_TEXT,
    ARGUMENT_NUMBER,
    ARGUMENT_TIME,
    ARGUMENT_TOKEN, /* the JSON that it stands for */
} argument_kind_t;

typedef struct {
    const char *name, *member; /* in the query, in the params */
    argument_kind_t kind;
} argument_t;

typedef enum { ROUTE_CALL, ROUTE_VERSIONS, ROUTE_STREAM } route_kind_t;

struct rest_route {
    const char *path; /* what follows a '/' at its end is the symbol */
    route_kind_t kind;
    const char *method;
    const char *only; /* the only member of the result that is wanted; NULL: all */
    bool cacheable;
    const argument_t *arguments;
};

static const argument_t no_arguments[] = {{0}};
static const argument_t recent_arguments[] = {
    {"cursor", "next", ARGUMENT_TOKEN},
    {"count", "count", ARGUMENT_NUMBER},
    {"source", "source", ARGUMENT_TEXT},
    {"before", "beforeTimestamp", ARGUMENT_TIME},
    {0},
};
static const argument_t since_arguments[] = {
    {"cursor", "next", ARGUMENT_TOKEN},         {"count", "count", ARGUMENT_NUMBER},
    {"source", "source", ARGUMENT_TEXT},        {"before", "beforeTimestamp", ARGUMENT_TIME},
    {"since", "afterTimestamp", ARGUMENT_TIME}, {0},
};
static const argument_t range_arguments[] = {
    {"cursor", "from", ARGUMENT_TOKEN}, /* before `from`: the first of a name counts */
    {"from", "from", ARGUMENT_TEXT},
    {"to", "to", ARGUMENT_TEXT},
    {"count", "count", ARGUMENT_NUMBER},
    {"source", "source", ARGUMENT_TEXT},
    {0},
};
static const argument_t candles_arguments[] = {
    {"cursor", "beforeTimestamp", ARGUMENT_TOKEN},
    {"interval", "interval", ARGUMENT_TEXT},
    {"count", "count", ARGUMENT_NUMBER},
    {"source", "source", ARGUMENT_TEXT},
    {"before", "beforeTimestamp", ARGUMENT_TIME},
    {"after", "afterTimestamp", ARGUMENT_TIME},
    {0},
};
static const argument_t stats_arguments[] = {{"symbol", "symbol", ARGUMENT_TEXT}, {0}};
static const argument_t stream_arguments[] = {
    {"symbols", "", ARGUMENT_TEXT}, {"source", "", ARGUMENT_TEXT}, {"lastEventId", "", ARGUMENT_TEXT}, {0}};

/* Of trades there are three ways to ask; which one tells the query. */
static const rest_route_t since_route = {REST_PREFIX "v1/trades/", ROUTE_CALL, "getTradesSince", NULL, true, since_arguments};
static const rest_route_t range_route = {REST_PREFIX "v1/trades/", ROUTE_CALL, "getTradesRange", NULL, true, range_arguments};

static const rest_route_t routes[] = {
    {REST_PREFIX "v1/trades/", ROUTE_CALL, "getRecentTrades", NULL, true, recent_arguments},
    {REST_PREFIX "v1/candles/", ROUTE_CALL, "getCandles", NULL, true, candles_arguments},
    {REST_PREFIX "v1/stats", ROUTE_CALL, "getStats", NULL, true, stats_arguments},
    {REST_PREFIX "v1/symbols", ROUTE_CALL, "getSymbols", NULL, true, no_arguments},
    {REST_PREFIX "v1/sources", ROUTE_CALL, "getStatus", "sources", false, no_arguments},
    {REST_PREFIX "v1/status", ROUTE_CALL, "getStatus", NULL, false, no_arguments},
    {REST_PREFIX "v1/stream", ROUTE_STREAM, NULL, NULL, false, stream_arguments},
    {REST_PREFIX "versions", ROUTE_VERSIONS, NULL, NULL, true, no_arguments},
};

static const struct {
    int code;
    unsigned status;
} statuses[] = {
    {RPC_INVALID_PARAMS, 400}, {RPC_METHOD_NOT_FOUND, 404}, {RPC_UNAVAILABLE, 503}, {RPC_LIMIT, 503}, {RPC_INTERNAL_ERROR, 500},
};

static const char *title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {{400, "Bad Request"},        {403, "Forbidden"},      {404, "Not Found"},
                  {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {500, "Internal Server Error"},
                  {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (titles[i].status == status)
            return titles[i].title;
    }
    return "Error";
}

static void put_time(buffer_t *out, int64_t ns)
{
    char text[TIMESTAMP_MAX];
    buffer_printf(out, "\"%.*s\"", (int)timestamp_print(text, ns, NS_DIGITS), text);
}

static bool put_argument(buffer_t *out, const argument_t *argument, text_t value)
{
    uint64_t number;
    int64_t ns;
    buffer_printf(out, ",\"%s\":", argument->member);
    if (argument->kind == ARGUMENT_TOKEN) {
        size_t before = out->length;
        return page_token_decode(out, value) && json_valid((text_t){out->bytes + before, out->length - before});
    }
    if (argument->kind == ARGUMENT_NUMBER && json_u64(value, &number))
        buffer_append_u64(out, number);
    else if (argument->kind == ARGUMENT_TIME && moment_parse_query(value, &ns))
        put_time(out, ns);
    else
        buffer_append_json_string(out, value); /* what is wrong the method refuses, with its own words */
    return true;
}

static const argument_t *find_argument(const rest_route_t *route, text_t name)
{
    const argument_t *argument = route->arguments;
    while (argument->kind != ARGUMENT_END && !text_equal(name, text_of(argument->name)))
        argument++;
    return argument->kind == ARGUMENT_END ? NULL : argument;
}

/* An argument that the route does not know; NULL: none. */
static const rest_argument_t *find_unknown(const rest_route_t *route, const rest_query_t *query)
{
    for (size_t i = 0; i < query->count; i++) {
        if (!find_argument(route, query->arguments[i].name))
            return &query->arguments[i];
    }
    return NULL;
}

static const rest_route_t *choose(const rest_route_t *route, const rest_query_t *query)
{
    if (route != &routes[0])
        return route;
    bool range = rest_query_get(query, "from").at || rest_query_get(query, "to").at;
    return range ? &range_route : rest_query_get(query, "since").at ? &since_route : route;
}

static unsigned print_request(const rest_route_t *route, text_t symbol, const rest_query_t *query, buffer_t *out)
{
    buffer_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{\"channel\":\"trades\"", route->method);
    if (symbol.length > 0) {
        buffer_append(out, TEXT(",\"symbol\":"));
        buffer_append_json_string(out, symbol);
    }
    for (const argument_t *argument = route->arguments; argument->kind != ARGUMENT_END; argument++) {
        text_t value = rest_query_get(query, argument->name);
        if (value.at && !put_argument(out, argument, value))
            return rest_problem(out, 400, "%s: expected the `next` of an earlier page", argument->name);
    }
    buffer_append(out, TEXT("}}"));
    return buffer_ok(out) ? 0 : rest_problem(out, 500, "Out of memory");
}

/* The members of the result, but `next` as a token, and the version of the gateway not as that of the interface. */
static void put_result(const rest_route_t *route, text_t result, buffer_t *out)
{
    buffer_append(out, TEXT("{\"version\":\"v1\""));
    json_walk_t walk = json_walk(result);
    while (json_next(&walk)) {
        if (route->only && !text_equal(walk.key, text_of(route->only)))
            continue;
        bool renamed = text_equal(walk.key, TEXT("version"));
        buffer_printf(out, ",\"%.*s\":", TEXT_ARG(renamed ? TEXT("gateway") : walk.key));
        if (text_equal(walk.key, TEXT("next"))) {
            buffer_append(out, TEXT("\""));
            page_token_append(out, walk.value);
            buffer_append(out, TEXT("\""));
        } else {
            buffer_append(out, walk.value);
        }
    }
    buffer_append(out, TEXT("}"));
}

bool rest_query_add(rest_query_t *self, text_t argument)
{
    const char *equals = argument.length ? memchr(argument.at, '=', argument.length) : NULL;
    text_t name = {argument.at, equals ? (size_t)(equals - argument.at) : argument.length};
    text_t value = {argument.at + name.length + (equals != NULL), argument.length - name.length - (equals != NULL)};
    if (text_starts_with(name, TEXT("_")))
        return true; /* `_=1762795473937`: only so that no cache knows the URL */
    if (self->count == REST_ARGUMENTS_MAX || !text_is_utf8(argument))
        return false;
    for (size_t i = 0; i < self->count; i++) {
        if (text_equal(self->arguments[i].name, name))
            return false;
    }
    self->arguments[self->count++] = (rest_argument_t){name, value};
    return true;
}

text_t rest_query_get(const rest_query_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (text_equal(self->arguments[i].name, text_of(name)))
            return self->arguments[i].value;
    }
    return (text_t){NULL, 0};
}

const rest_route_t *rest_find(text_t path, text_t *symbol)
{
    if (path.length > 0 && path.at[path.length - 1] == '/')
        path.length--; /* no route ends in one, so that this makes none of another */
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        text_t known = text_of(routes[i].path);
        bool open = known.at[known.length - 1] == '/';
        if (open ? !text_starts_with(path, known) : !text_equal(path, known))
            continue;
        *symbol = (text_t){path.at + known.length, path.length - known.length};
        if (!open || (symbol->length > 0 && !memchr(symbol->at, '/', symbol->length)))
            return &routes[i];
    }
    return NULL;
}

bool rest_is_stream(const rest_route_t *route)
{
    return route->kind == ROUTE_STREAM;
}

bool rest_is_cacheable(const rest_route_t *route)
{
    return route->cacheable;
}

bool rest_recent(const rest_route_t *route, text_t symbol, const rest_query_t *query, recent_query_t *question)
{
    text_t count = rest_query_get(query, "count"), source = rest_query_get(query, "source");
    text_t before = rest_query_get(query, "before");
    *question = (recent_query_t){.symbol = symbol,
                                 .source = {source.at, source.length},
                                 .count = REQUEST_COUNT_DEFAULT,
                                 .after_ns = INT64_MIN,
                                 .before_ns = INT64_MIN};
    return choose(route, query) == &routes[0] && !find_unknown(&routes[0], query) && symbol_valid(symbol) &&
           !rest_query_get(query, "cursor").at && (!source.at || source_valid(source)) &&
           (!count.at || (json_u64(count, &question->count) && question->count >= 1 && question->count <= REQUEST_COUNT_MAX)) &&
           (!before.at || moment_parse_query(before, &question->before_ns));
}

unsigned rest_request(const rest_route_t *route, text_t symbol, const rest_query_t *query, buffer_t *out)
{
    route = choose(route, query);
    const rest_argument_t *unknown = find_unknown(route, query);
    if (unknown)
        return rest_problem(out, 400, "%.*s: no such parameter here", TEXT_ARG(param_found(unknown->name)));
    if (route->kind == ROUTE_VERSIONS) {
        buffer_append(out,
                      TEXT("{\"versions\":[{\"version\":\"v1\",\"path\":\"/api/v1\",\"document\":\"/api/v1/openapi.json\"}]}"));
        return 200;
    }
    return route->kind == ROUTE_STREAM ? 0 : print_request(route, symbol, query, out);
}

unsigned rest_answer(const rest_route_t *route, text_t answer, buffer_t *out)
{
    text_t result = json_member(answer, "result");
    if (json_kind(result) != JSON_OBJECT)
        return rest_problem_of(route, json_member(answer, "error"), out);
    put_result(route, result, out);
    return buffer_ok(out) ? 200 : rest_problem(out, 500, "The answer is too large");
}

unsigned rest_problem(buffer_t *out, unsigned status, const char *format, ...)
{
    char detail[REPLY_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    buffer_clear(out);
    buffer_printf(out,
                  "{\"version\":\"v1\",\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":", title_of(status),
                  status);
    buffer_append_json_string(out, (text_t){detail, length < 0 ? 0 : strnlen(detail, sizeof detail - 1)});
    buffer_append(out, TEXT("}"));
    return status;
}

/* What the params call `beforeTimestamp:` the query calls `before:`. */
static const argument_t *find_named(const rest_route_t *route, text_t message)
{
    const rest_route_t *all[] = {route, &since_route, &range_route};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i]->path, route->path) != 0)
            continue;
        for (const argument_t *argument = all[i]->arguments; argument->kind != ARGUMENT_END; argument++) {
            text_t member = text_of(argument->member);
            if (argument->kind != ARGUMENT_TOKEN && member.length > 0 && text_starts_with(message, member) &&
                message.length > member.length && message.at[member.length] == ':')
                return argument;
        }
    }
    return NULL;
}

unsigned rest_problem_of(const rest_route_t *route, text_t error, buffer_t *out)
{
    param_text_t message;
    unsigned status = 500;
    text_t code = json_member(error, "code");
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", statuses[i].code);
        if (text_equal(code, text_of(number)))
            status = statuses[i].status;
    }
    if (!param_text(json_member(error, "message"), &message))
        return rest_problem(out, status, "The gateway failed");
    text_t shown = param_slice(&message);
    if (status == 400 && text_starts_with(shown, TEXT("Invalid symbol")))
        status = 404;
    const argument_t *named = find_named(route, shown);
    size_t skip = named ? strlen(named->member) : 0;
    return rest_problem(out, status, "%s%.*s", named ? named->name : "", (int)(shown.length - skip), shown.at + skip);
}
