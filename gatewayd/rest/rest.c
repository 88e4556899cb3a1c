#include "gatewayd/rest/rest.h"

#include "common/json/json.h"
#include "common/json/json_plain.h"
#include "common/json/json_write.h"
#include "gatewayd/forms/page_token.h"
#include "proto/moment.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct {
    const char *name, *argument; /* in the query, and of the method */
    enum { PLAIN, TOKEN /* it stands for JSON */ } kind;
} parameter_t;

typedef enum { ROUTE_CALL, ROUTE_VERSIONS, ROUTE_STREAM } route_kind_t;

struct rest_route {
    const char *path; /* what follows a '/' at its end is the symbol */
    route_kind_t kind;
    const char *method;
    const char *only; /* the only member of the result that is wanted; NULL: all */
    bool cacheable;
    const parameter_t *parameters;
};

static const parameter_t no_parameters[] = {{0}};
static const parameter_t recent_parameters[] = {
    {"cursor", "next", TOKEN},
    {"count", "count", PLAIN},
    {"source", "source", PLAIN},
    {"before", "beforeTimestamp", PLAIN},
    {0},
};
static const parameter_t since_parameters[] = {
    {"cursor", "next", TOKEN},          {"count", "count", PLAIN},
    {"source", "source", PLAIN},        {"before", "beforeTimestamp", PLAIN},
    {"since", "afterTimestamp", PLAIN}, {0},
};
static const parameter_t range_parameters[] = {
    {"cursor", "from", TOKEN}, /* before `from`: the first of a name counts */
    {"from", "from", PLAIN},   {"to", "to", PLAIN}, {"count", "count", PLAIN}, {"source", "source", PLAIN}, {0},
};
static const parameter_t candles_parameters[] = {
    {"cursor", "beforeTimestamp", TOKEN},
    {"interval", "interval", PLAIN},
    {"count", "count", PLAIN},
    {"source", "source", PLAIN},
    {"before", "beforeTimestamp", PLAIN},
    {"after", "afterTimestamp", PLAIN},
    {0},
};
static const parameter_t coverage_parameters[] = {
    {"cursor", "next", TOKEN},
    {"next", "next", TOKEN},
    {"count", "count", PLAIN},
    {"source", "source", PLAIN},
    {"before", "beforeTimestamp", PLAIN},
    {"after", "afterTimestamp", PLAIN},
    {0},
};
static const parameter_t stats_parameters[] = {{"symbol", "symbol", PLAIN}, {0}};
static const parameter_t symbols_parameters[] = {{"channel", "channel", PLAIN}, {0}};
static const parameter_t stream_parameters[] = {
    {"symbols", "", PLAIN}, {"source", "", PLAIN}, {"lastEventId", "", PLAIN}, {"mark", "", PLAIN}, {0}};

/* Of trades, and of other records, there are three ways to ask; which one tells the query. */
#define TRADES_PATH  REST_PREFIX "v1/trades/"
#define RECORDS_PATH REST_PREFIX "v1/records/"
static const rest_route_t since_route = {TRADES_PATH, ROUTE_CALL, "getTradesSince", NULL, true, since_parameters};
static const rest_route_t range_route = {TRADES_PATH, ROUTE_CALL, "getTradesRange", NULL, true, range_parameters};
static const rest_route_t records_since_route = {RECORDS_PATH, ROUTE_CALL, "getSince", NULL, true, since_parameters};
static const rest_route_t records_range_route = {RECORDS_PATH, ROUTE_CALL, "getRange", NULL, true, range_parameters};

static const rest_route_t routes[] = {
    {TRADES_PATH, ROUTE_CALL, "getRecentTrades", NULL, true, recent_parameters},
    {RECORDS_PATH, ROUTE_CALL, "getRecent", NULL, true, recent_parameters},
    {REST_PREFIX "v1/candles/", ROUTE_CALL, "getCandles", NULL, true, candles_parameters},
    {REST_PREFIX "v1/coverage/", ROUTE_CALL, "getCoverage", NULL, true, coverage_parameters},
    {REST_PREFIX "v1/stats", ROUTE_CALL, "getStats", NULL, true, stats_parameters},
    {REST_PREFIX "v1/symbols", ROUTE_CALL, "getSymbols", NULL, true, symbols_parameters},
    {REST_PREFIX "v1/channels", ROUTE_CALL, "getChannels", NULL, true, no_parameters},
    {REST_PREFIX "v1/sources", ROUTE_CALL, "getStatus", "sources", false, no_parameters},
    {REST_PREFIX "v1/status", ROUTE_CALL, "getStatus", NULL, false, no_parameters},
    {REST_PREFIX "v1/stream", ROUTE_STREAM, NULL, NULL, false, stream_parameters},
    {REST_PREFIX "versions", ROUTE_VERSIONS, NULL, NULL, true, no_parameters},
};

static const struct {
    int code;
    unsigned status;
} statuses[] = {
    {RPC_INVALID_PARAMS, 400}, {RPC_METHOD_NOT_FOUND, 404}, {RPC_UNAVAILABLE, 503},
    {RPC_LIMIT, 503},          {RPC_INTERNAL_ERROR, 500},   {RPC_FORBIDDEN, 403},
};

static const char *title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {{400, "Bad Request"},           {401, "Unauthorized"},    {403, "Forbidden"},   {404, "Not Found"},
                  {405, "Method Not Allowed"},    {406, "Not Acceptable"},  {409, "Conflict"},    {429, "Too Many Requests"},
                  {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
                  {504, "Gateway Timeout"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (titles[i].status == status)
            return titles[i].title;
    }
    return "Error";
}

static const parameter_t *find_parameter(const rest_route_t *route, text_t name)
{
    const parameter_t *parameter = route->parameters;
    while (parameter->name && !text_equal(name, text_of(parameter->name)))
        parameter++;
    return parameter->name ? parameter : NULL;
}

/* An argument that the route does not know; NULL: none. */
static const rest_argument_t *find_unknown(const rest_route_t *route, const rest_query_t *query)
{
    for (size_t i = 0; i < query->count; i++) {
        if (!find_parameter(route, query->arguments[i].name))
            return &query->arguments[i];
    }
    return NULL;
}

static const rest_route_t *choose(const rest_route_t *route, const rest_query_t *query)
{
    bool records = route == &routes[1];
    if (route != &routes[0] && !records)
        return route;
    if (rest_query_get(query, "from").at || rest_query_get(query, "to").at)
        return records ? &records_range_route : &range_route;
    if (rest_query_get(query, "since").at)
        return records ? &records_since_route : &since_route;
    return route;
}

/* False when it is no token. What it stands for is compared with what others wrote, like all params. */
static bool read_token(rest_request_t *self, text_t token)
{
    buffer_t plain = buffer_new(0);
    bool good = page_token_decode(&self->token, token) && json_valid(buffer_text(&self->token));
    text_t json = good ? json_plain(buffer_text(&self->token), &plain) : TEXT("");
    if (json.length > 0 && json.at == plain.bytes) {
        buffer_clear(&self->token);
        buffer_append(&self->token, json);
    }
    buffer_release(&plain);
    return good && json.length > 0;
}

static unsigned begin_call(rest_request_t *self, buffer_t *out)
{
    self->method = text_of(self->route->method);
    for (const parameter_t *parameter = self->route->parameters; parameter->name; parameter++) {
        text_t value = rest_query_get(self->query, parameter->name);
        if (parameter->kind == TOKEN && value.at && !read_token(self, value))
            return rest_problem(out, 400, "%s: expected the `next` of an earlier page", parameter->name);
    }
    return 0;
}

/* A member of the result, but `next` as a token, and the version of the gateway not as that of the interface. */
static void put_member(text_t key, text_t value, buffer_t *out)
{
    bool renamed = text_equal(key, TEXT("version"));
    buffer_printf(out, ",\"%.*s\":", TEXT_ARG(renamed ? TEXT("gateway") : key));
    if (text_equal(key, TEXT("next"))) {
        buffer_append(out, TEXT("\""));
        page_token_append(out, value);
        buffer_append(out, TEXT("\""));
    } else {
        buffer_append(out, value);
    }
}

static void put_members(const rest_route_t *route, text_t object, buffer_t *out)
{
    for (json_walk_t walk = json_walk(object); json_next(&walk);) {
        if (!route->only || text_equal(walk.key, text_of(route->only)))
            put_member(walk.key, walk.value, out);
    }
}

/* A symbol; or, of records, <channel>/<key>. */
static bool is_whole(const rest_route_t *route, text_t symbol)
{
    const char *slash = symbol.length > 0 ? memchr(symbol.at, '/', symbol.length) : NULL;
    if (strcmp(route->path, RECORDS_PATH) != 0)
        return symbol.length > 0 && !slash;
    const char *end = symbol.at + symbol.length;
    return slash && slash > symbol.at && slash + 1 < end && !memchr(slash + 1, '/', (size_t)(end - slash - 1));
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
        if (!open || is_whole(&routes[i], *symbol))
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

static void put_versions(buffer_t *out)
{
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_open_array(&json, "versions");
    json_open_object(&json, NULL);
    json_put_text(&json, "version", TEXT("v1"));
    json_put_text(&json, "path", TEXT("/api/v1"));
    json_put_text(&json, "document", TEXT("/api/v1/openapi.json"));
    json_close_object(&json);
    json_close_array(&json);
    json_close_object(&json);
}

unsigned rest_request_init(rest_request_t *self, const rest_route_t *route, text_t symbol, const rest_query_t *query,
                           buffer_t *out)
{
    route = choose(route, query);
    *self = (rest_request_t){.route = route, .symbol = symbol, .query = query, .token = buffer_new(0)};
    const rest_argument_t *unknown = find_unknown(route, query);
    if (unknown)
        return rest_problem(out, 400, "%.*s: no such parameter here", TEXT_ARG(param_found(unknown->name)));
    if (route->kind == ROUTE_VERSIONS) {
        put_versions(out);
        return 200;
    }
    return route->kind == ROUTE_STREAM ? 0 : begin_call(self, out);
}

void rest_request_release(rest_request_t *self)
{
    buffer_release(&self->token);
}

/* The first of those that stand for it counts. */
value_t rest_request_value(const void *request, const char *name)
{
    const rest_request_t *self = request;
    const char *slash = self->symbol.length > 0 ? memchr(self->symbol.at, '/', self->symbol.length) : NULL;
    size_t channel = slash ? (size_t)(slash - self->symbol.at) + 1 : 0; /* and the slash; a symbol has none */
    if (slash && strcmp(name, "channel") == 0)
        return (value_t){.text = {self->symbol.at, channel - 1}, .plain = true};
    if (self->symbol.length > 0 && strcmp(name, "symbol") == 0)
        return (value_t){.text = {self->symbol.at + channel, self->symbol.length - channel}, .plain = true};
    for (const parameter_t *parameter = self->route->parameters; parameter->name; parameter++) {
        text_t value = rest_query_get(self->query, parameter->name);
        if (!value.at || strcmp(name, parameter->argument) != 0)
            continue;
        bool plain = parameter->kind == PLAIN;
        return (value_t){.text = plain ? value : buffer_text(&self->token), .plain = plain};
    }
    return (value_t){.plain = true};
}

void rest_put_result(const rest_route_t *route, text_t result, buffer_t *out)
{
    buffer_append(out, TEXT(ANSWER_REST_BEGIN));
    put_members(route, result, out);
    buffer_append(out, TEXT("}"));
}

void rest_put_list(const rest_route_t *route, const reply_list_t *list, buffer_t *out)
{
    buffer_t others = buffer_new(0);
    buffer_append(out, TEXT(ANSWER_REST_BEGIN ","));
    buffer_append(out, list->before);
    buffer_printf(out, ",\"%s\":", list->name);
    buffer_append(out, list->list);
    buffer_append(&others, TEXT("{"));
    if (list->after.length > 0)
        buffer_append(&others, (text_t){list->after.at + 1, list->after.length - 1}); /* without its comma */
    buffer_append(&others, TEXT("}"));
    put_members(route, buffer_text(&others), out);
    buffer_append(out, TEXT("}"));
    buffer_release(&others);
}

unsigned rest_problem(buffer_t *out, unsigned status, const char *format, ...)
{
    char detail[REPLY_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return rest_problem_because(out, status, NULL, (text_t){detail, length < 0 ? 0 : strnlen(detail, sizeof detail - 1)});
}

unsigned rest_problem_because(buffer_t *out, unsigned status, const char *reason, text_t detail)
{
    buffer_clear(out);
    json_writer_t json = json_write(out);
    json_open_object(&json, NULL);
    json_put_text(&json, "version", TEXT("v1"));
    json_put_text(&json, "type", TEXT("about:blank"));
    json_put_text(&json, "title", text_of(title_of(status)));
    json_put_u64(&json, "status", status);
    json_put_text(&json, "detail", detail);
    if (reason)
        json_put_text(&json, "reason", text_of(reason));
    json_close_object(&json);
    return status;
}

/* What the method calls `beforeTimestamp:` the query calls `before:`. */
static const parameter_t *find_named(const rest_route_t *route, text_t message)
{
    const rest_route_t *all[] = {route, &since_route, &range_route, &records_since_route, &records_range_route};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i]->path, route->path) != 0)
            continue;
        for (const parameter_t *parameter = all[i]->parameters; parameter->name; parameter++) {
            text_t argument = text_of(parameter->argument);
            if (parameter->kind == PLAIN && argument.length > 0 && text_starts_with(message, argument) &&
                message.length > argument.length && message.at[argument.length] == ':')
                return parameter;
        }
    }
    return NULL;
}

unsigned rest_problem_of(const rest_route_t *route, int code, const char *reason, text_t message, buffer_t *out)
{
    unsigned status = 500;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (code == statuses[i].code)
            status = statuses[i].status;
    }
    if (status == 400 && text_starts_with(message, TEXT("Invalid symbol")))
        status = 404;
    if (reason)
        return rest_problem_because(out, code == RPC_LIMIT ? 401 : status, reason, message);
    const parameter_t *named = find_named(route, message);
    size_t skip = named ? strlen(named->argument) : 0;
    return rest_problem(out, status, "%s%.*s", named ? named->name : "", (int)(message.length - skip), message.at + skip);
}
