/* The REST interface, version 1 (proto/rest.md): another form of the client's methods. A path and a query become a method's name and
 * arguments, and what the method finds becomes a body. Knows no transport.
 *
 *     GET /api/v1/trades/BTC-USD?count=5 ──▶ getRecentTrades, symbol BTC-USD, count 5
 *     {"version":"v1","symbol":…,"trades":[…],"next":"<token>"} ◀── {"symbol":…,"trades":[…],"next":{…}}
 */
#pragma once

#include "gatewayd/forms/recent_query.h"
#include "gatewayd/methods/arguments.h"
#include "gatewayd/rest/rest_query.h"

#define REST_PREFIX "/api/"

typedef struct rest_route rest_route_t;

/* The route of a path, with or without a trailing '/', and the last part of the path if the route has one; NULL when there is none. */
const rest_route_t *rest_find(text_t path, text_t *symbol);

/* Is the path that of the event stream, sse.h? */
bool rest_is_stream(const rest_route_t *route);

/* May caches keep it, if they ask each time? Otherwise never. */
bool rest_is_cacheable(const rest_route_t *route);

/* Is it a valid getRecentTrades, and not a later page? The answer may be ready then. */
bool rest_recent(const rest_route_t *route, text_t symbol, const rest_query_t *query, recent_query_t *question);

/* A call of a method. */
typedef struct {
    const rest_route_t *route;
    text_t method; /* its name */
    text_t symbol;
    const rest_query_t *query;
    buffer_t token; /* JSON: what the cursor in the query stands for */
} rest_request_t;

/* Begins the call, for as long as symbol and query live. Returns 0; or a status, and `out` is the body: there is nothing to call, except where
 * rest_is_stream. */
unsigned rest_request_init(rest_request_t *self, const rest_route_t *route, text_t symbol, const rest_query_t *query,
                           buffer_t *out);
void rest_request_release(rest_request_t *self);

/* Its arguments: value_fn of arguments.h. */
value_t rest_request_value(const void *request, const char *name);

/* What the method found, an object or a list and what is around it, as a body. */
void rest_put_result(const rest_route_t *route, text_t result, buffer_t *out);
void rest_put_list(const rest_route_t *route, const reply_list_t *list, buffer_t *out);

/* A body as in RFC 9457: application/problem+json. Returns the status. */
unsigned rest_problem(buffer_t *out, unsigned status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with a reason that programs can read, reply.h's; detail: for people. */
unsigned rest_problem_because(buffer_t *out, unsigned status, const char *reason, text_t detail);

/* A problem for a method's error. Returns the status. */
unsigned rest_problem_of(const rest_route_t *route, int code, const char *reason, text_t message, buffer_t *out);
