/* What can be done to subscriptions, and to the numbering of what they bring: each goes to the ledger. */
#include <inttypes.h>

#include "tests/simulator/control_call.h"

enum { NOTE_BYTES = 192, DENIALS_MAX = 1000000 };

/* The symbol that is meant; SYMBOL_NONE after a reply to a wrong one. */
static size_t read_symbol(control_call_t *call)
{
    const char *name = call_text(call, "symbol");
    const size_t symbol = name ? symbols_find(exchange_symbols(call->exchange), name) : SYMBOL_NONE;
    if (symbol == SYMBOL_NONE)
        call->reply = control_error(400, "symbol: expected one that is offered, found '%s'", name ? name : "");
    return symbol;
}

/* One of two words; -1 after a reply to another one. */
static int read_choice(control_call_t *call, const char *name, const char *first, const char *second)
{
    const char *text = call_text(call, name);
    if (!text || strcmp(text, first) == 0)
        return 0;
    if (strcmp(text, second) == 0)
        return 1;
    call->reply = control_error(400, "%s: expected %s or %s, found '%s'", name, first, second, text);
    return -1;
}

/* The same for subscribes, which may name one that is not on offer: UNKNOWN, at the place behind the last. */
static size_t read_symbol_or_unknown(control_call_t *call)
{
    const char *name = call_text(call, "symbol");
    if (name && exchange_market(call->exchange) && strcmp(name, "UNKNOWN") == 0)
        return exchange_symbols(call->exchange)->count;
    return read_symbol(call);
}

static void note_denial(control_call_t *call, const char *kind, size_t symbol, uint64_t n)
{
    char note[NOTE_BYTES];
    const symbols_t *symbols = exchange_symbols(call->exchange);
    snprintf(note, sizeof note, "\"kind\":\"%s\",\"symbol\":\"%s\",\"n\":%" PRIu64, kind,
             symbol < symbols->count ? symbols->names[symbol] : "UNKNOWN", n);
    ledger_event(exchange_ledger(call->exchange), "fault", 0, note);
    call_reply(call, "{\"ok\":true}\n");
}

static void handle_reject(control_call_t *call)
{
    uint64_t n;
    const size_t symbol = read_symbol_or_unknown(call);
    const char *text = call_text(call, "text");
    if (symbol == SYMBOL_NONE || !call_whole(call, "n", 0, DENIALS_MAX, 1, &n))
        return;
    const int nameless = read_choice(call, "named", "yes", "no");
    if (nameless == -1)
        return;
    denial_t *denial = exchange_denial(call->exchange, symbol);
    denial->rejects = n;
    denial->nameless = nameless == 1;
    snprintf(denial->text, sizeof denial->text, "%s", text ? text : "Service temporarily unavailable");
    note_denial(call, "reject", symbol, n);
}

static void handle_ignore(control_call_t *call)
{
    uint64_t n;
    const size_t symbol = read_symbol_or_unknown(call);
    if (symbol == SYMBOL_NONE || !call_whole(call, "n", 0, DENIALS_MAX, 1, &n))
        return;
    exchange_denial(call->exchange, symbol)->ignores = n;
    note_denial(call, "ignore", symbol, n);
}

/* What to do to each connection. */
typedef struct subscription_order subscription_order_t;
struct subscription_order {
    bool (*act)(sim_connection_t *connection, const subscription_order_t *order); /* false: it did not apply to this one */
    sim_exchange_t *exchange;
    const char *kind;
    size_t symbol; /* SYMBOL_NONE: it is about none */
    uint64_t number;
};

static void note(const subscription_order_t *order, const sim_connection_t *connection)
{
    char note[NOTE_BYTES];
    if (order->symbol == SYMBOL_NONE)
        snprintf(note, sizeof note, "\"kind\":\"%s\",\"n\":%" PRIu64, order->kind, order->number);
    else
        snprintf(note, sizeof note, "\"kind\":\"%s\",\"symbol\":\"%s\"", order->kind,
                 exchange_symbols(order->exchange)->names[order->symbol]);
    ledger_event(exchange_ledger(order->exchange), "fault", connection_id(connection), note);
}

/* Does it to the connections that are meant, and replies to how many it applied. */
static void carry_out(control_call_t *call, subscription_order_t order)
{
    uint64_t id;
    size_t count = 0;
    if (!call_connection(call, &id))
        return;
    order.exchange = call->exchange;
    for (size_t i = 0; i < exchange_connections(call->exchange); i++) {
        sim_connection_t *connection = exchange_connection(call->exchange, i);
        if ((id != 0 && connection_id(connection) != id) || !order.act(connection, &order))
            continue;
        note(&order, connection);
        count++;
    }
    call_reply(call, "{\"ok\":true,\"connections\":%zu}\n", count);
}

static bool act_mute(sim_connection_t *connection, const subscription_order_t *order)
{
    if (!connection_subscribed(connection, order->symbol))
        return false;
    connection_mute(connection, order->symbol, order->number ? CONNECTION_MUTE_FOR_GOOD : CONNECTION_MUTE_UNTIL_SUBSCRIBED);
    return true;
}

static void handle_mute(control_call_t *call)
{
    const size_t symbol = read_symbol(call);
    const int until = symbol == SYMBOL_NONE ? -1 : read_choice(call, "until", "subscribe", "connect");
    if (until != -1)
        carry_out(call, (subscription_order_t){.act = act_mute, .kind = "mute", .symbol = symbol, .number = (uint64_t)until});
}

static bool act_drop(sim_connection_t *connection, const subscription_order_t *order)
{
    return connection_subscribed(connection, order->symbol) && connection_takes_messages(connection) &&
           connection_personality(connection)->manners->drop(order->exchange, connection, order->symbol);
}

static void handle_drop(control_call_t *call)
{
    const size_t symbol = read_symbol(call);
    if (symbol != SYMBOL_NONE)
        carry_out(call, (subscription_order_t){.act = act_drop, .kind = "drop", .symbol = symbol});
}

static bool act_renumber(sim_connection_t *connection, const subscription_order_t *order)
{
    connection_renumber(connection, order->number);
    return true;
}

static void handle_renumber(control_call_t *call)
{
    uint64_t n;
    if (call_whole(call, "n", 0, UINT64_MAX, 0, &n))
        carry_out(call, (subscription_order_t){.act = act_renumber, .kind = "renumber", .symbol = SYMBOL_NONE, .number = n});
}

const control_route_t control_subscription_routes[] = {
    {"POST", "/control/reject", " symbol n text named ", handle_reject},
    {"POST", "/control/ignore", " symbol n ", handle_ignore},
    {"POST", "/control/mute", " symbol until conn ", handle_mute},
    {"POST", "/control/drop", " symbol conn ", handle_drop},
    {"POST", "/control/renumber", " n conn ", handle_renumber},
    {0},
};
