/* What can be done to the trades of an exchange that counts them, and to its REST API: each goes to the ledger. */
#include <inttypes.h>

#include "tests/simulator/clock.h"
#include "tests/simulator/control_call.h"

enum { NOTE_BYTES = 192, TIMES_MAX = 1000000, MS_MAX = 86400000, RETRY_AFTER_MAX = 86400 };

static bool has_market(control_call_t *call)
{
    if (exchange_market(call->exchange))
        return true;
    call->reply = control_error(409, "the exchange does not count its trades: start with another --exchange");
    return false;
}

static void note(control_call_t *call, const char *details)
{
    ledger_event(exchange_ledger(call->exchange), "fault", 0, details);
    call_reply(call, "{\"ok\":true}\n");
}

static void handle_lose(control_call_t *call)
{
    uint64_t n;
    char details[NOTE_BYTES];
    const char *name = call_text(call, "symbol");
    const size_t symbol = name ? symbols_find(exchange_symbols(call->exchange), name) : SYMBOL_NONE;
    if (!has_market(call) || !call_whole(call, "n", 0, TIMES_MAX, 1, &n))
        return;
    if (name && symbol == SYMBOL_NONE) {
        call->reply = control_error(400, "symbol: expected one that is offered, found '%s'", name);
        return;
    }
    market_lose(exchange_market(call->exchange), symbol, n);
    snprintf(details, sizeof details, "\"kind\":\"lose\",\"n\":%" PRIu64 "%s%s%s", n, name ? ",\"symbol\":\"" : "",
             name ? name : "", name ? "\"" : "");
    note(call, details);
}

static void handle_candles(control_call_t *call)
{
    const char *of = call_text(call, "of");
    const bool made = of && (strcmp(of, "made") == 0 || strcmp(of, "honest") == 0);
    if (!has_market(call))
        return;
    if (!made && (!of || strcmp(of, "sent") != 0)) {
        call->reply = control_error(400, "of: expected made, honest or sent, found '%s'", of ? of : "");
        return;
    }
    market_set_candles_count_lost(exchange_market(call->exchange), made);
    note(call, made ? "\"kind\":\"candles\",\"of\":\"made\"" : "\"kind\":\"candles\",\"of\":\"sent\"");
}

static void handle_shutdown(control_call_t *call)
{
    uint64_t ms;
    if (!call_whole(call, "after_ms", 0, MS_MAX, 2000, &ms))
        return;
    exchange_shut_down(call->exchange, (int64_t)ms * NS_PER_MS);
    note(call, "\"kind\":\"shutdown\"");
}

static void handle_rest(control_call_t *call)
{
    uint64_t times, status, retry_after, ms;
    char details[NOTE_BYTES];
    const char *name = call_text(call, "fault");
    const rest_fault_kind_t kind = name ? rest_fault_find(name) : REST_GOOD;
    if (!has_market(call) || !call_whole(call, "times", 0, TIMES_MAX, 1, &times) ||
        !call_whole(call, "status", 200, 599, 500, &status) ||
        !call_whole(call, "retry_after", 0, RETRY_AFTER_MAX, UINT64_MAX, &retry_after) ||
        !call_whole(call, "ms", 1, MS_MAX, 1000, &ms))
        return;
    if (kind == REST_GOOD && times > 0) {
        call->reply = control_error(400, "fault: expected " REST_FAULT_NAMES ", found '%s'", name ? name : "");
        return;
    }
    *exchange_rest_fault(call->exchange) = (sim_rest_fault_t){.kind = kind,
                                                              .times = times,
                                                              .status = (int)status,
                                                              .retry_after_s = (int64_t)retry_after, /* not given: -1 */
                                                              .delay_ms = (int64_t)ms};
    snprintf(details, sizeof details, "\"kind\":\"rest\",\"fault\":\"%s\",\"times\":%" PRIu64, rest_fault_name(kind), times);
    note(call, details);
}

const control_route_t control_market_routes[] = {
    {"POST", "/control/lose", " n symbol ", handle_lose},
    {"POST", "/control/candles", " of ", handle_candles},
    {"POST", "/control/shutdown", " after_ms ", handle_shutdown},
    {"POST", "/control/rest", " fault times status retry_after ms ", handle_rest},
    {0},
};
