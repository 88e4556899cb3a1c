#include "tests/simulator/control.h"

#include <math.h>
#include <stdlib.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/control_call.h"
#include "tests/simulator/market/rest.h"

static void handle_health(control_call_t *call)
{
    call_reply(call, "{\"ok\":true}\n");
}

static void handle_status(control_call_t *call)
{
    control_reply_t *reply = &call->reply;
    *reply = (control_reply_t){.status = 200, .file = -1};
    FILE *out = open_memstream(&reply->body, &reply->length);
    if (!out) {
        *reply = control_error(500, "out of memory");
        return;
    }
    exchange_status(call->exchange, out);
    fclose(out);
}

static void handle_ledger(control_call_t *call)
{
    control_reply_t *reply = &call->reply;
    *reply = (control_reply_t){.status = 200};
    reply->file = ledger_read(exchange_ledger(call->exchange), &reply->length);
    if (reply->file == -1)
        *reply = control_error(404, "there is no ledger: start with --ledger FILE");
}

static void handle_play(control_call_t *call)
{
    uint64_t count;
    if (!call_whole(call, "count", 1, PLAYER_ENDLESS - 1, PLAYER_ENDLESS, &count))
        return;
    if (exchange_finished(call->exchange)) {
        call->reply = control_error(409, "the file has been played to its end");
        return;
    }
    player_play(exchange_player(call->exchange), count, clock_mono_ns());
    call_reply(call, "{\"ok\":true}\n");
}

static void handle_pause(control_call_t *call)
{
    player_pause(exchange_player(call->exchange));
    call_reply(call, "{\"ok\":true}\n");
}

static void handle_rate(control_call_t *call)
{
    const char *text = call_text(call, "n");
    double rate;
    if (!text || !player_rate_parse(text, &rate)) {
        call->reply = control_error(400, "n: expected " PLAYER_RATE_EXPECTED ", found '%s'", text ? text : "");
        return;
    }
    player_set_rate(exchange_player(call->exchange), rate, clock_mono_ns());
    call_reply(call, "{\"ok\":true}\n");
}

static const control_route_t routes[] = {
    {"GET", "/health", " ", handle_health},
    {"GET", "/status", " ", handle_status},
    {"GET", "/ledger", " ", handle_ledger},
    {"POST", "/control/play", " count ", handle_play},
    {"POST", "/control/pause", " ", handle_pause},
    {"POST", "/control/rate", " n ", handle_rate},
    {0},
};

static const control_route_t *route_find(const control_route_t *route, const char *path)
{
    while (route->path && strcmp(route->path, path) != 0)
        route++;
    return route->path ? route : NULL;
}

/* The first parameter that the route does not take, NULL when it takes all. */
static const char *unknown_parameter(const control_route_t *route, const control_request_t *request)
{
    for (size_t i = 0; i < request->parameter_count; i++) {
        char name[CONTROL_TEXT_BYTES + 2];
        snprintf(name, sizeof name, " %s ", request->parameters[i].name);
        if (!strstr(route->parameters, name))
            return request->parameters[i].name;
    }
    return NULL;
}

control_reply_t control_handle(sim_exchange_t *exchange, const control_request_t *request)
{
    const control_route_t *route = route_find(routes, request->path);
    if (!route)
        route = route_find(control_fault_routes, request->path);
    if (!route)
        route = route_find(control_subscription_routes, request->path);
    if (!route)
        route = route_find(control_market_routes, request->path);
    control_reply_t answer;
    if (!route && rest_answer(exchange, request, &answer))
        return answer;
    if (!route)
        return control_error(404, "nothing is at '%s'", request->path);
    if (strcmp(route->method, request->method) != 0)
        return control_error(405, "expected %s, found %s", route->method, request->method);
    const char *unknown = unknown_parameter(route, request);
    if (unknown)
        return control_error(400, "expected the parameters '%s', found '%s'", route->parameters, unknown);
    control_call_t call = {.exchange = exchange, .request = request};
    route->handle(&call);
    return call.reply;
}
