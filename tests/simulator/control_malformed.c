/* Malformed frames of an exchange that counts its trades. The trade that a frame is made of is a real one: whoever is not sent the frame gets
 * it as it is, and the REST API has it.
 */
#include <stdlib.h>

#include "tests/simulator/control_call.h"
#include "tests/simulator/exchanges/malformed.h"

/* The trades that were made, one a symbol. */
typedef struct {
    sim_trade_t *trades;
    size_t count;
} odd_trades_t;

static const sim_trade_t *trade_of(odd_trades_t *self, sim_exchange_t *exchange, size_t symbol, const sim_malformed_t *kind)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->trades[i].symbol == symbol)
            return &self->trades[i];
    sim_trade_t *made = &self->trades[self->count];
    return exchange_make_odd(exchange, symbol, malformed_price(kind), made) ? self->count++, made : NULL;
}

static bool send_to(sim_connection_t *connection, const control_call_t *call, const sim_malformed_t *kind, odd_trades_t *odd)
{
    const size_t symbol = connection_first_symbol(connection);
    if (!connection_takes_messages(connection))
        return false;
    if (!malformed_of_trade(kind))
        return malformed_send(kind, call->exchange, connection, NULL);
    const sim_trade_t *trade = symbol == SYMBOL_NONE ? NULL : trade_of(odd, call->exchange, symbol, kind);
    return trade && malformed_send(kind, call->exchange, connection, trade);
}

/* To the connection of that id, or to all of them; whoever is not sent the frame gets its trade. */
static size_t send_to_those_meant(const control_call_t *call, uint64_t id, const sim_malformed_t *kind, odd_trades_t *odd)
{
    size_t sent = 0;
    for (size_t i = 0; i < exchange_connections(call->exchange); i++) {
        sim_connection_t *connection = exchange_connection(call->exchange, i);
        if (id == 0 || connection_id(connection) == id)
            sent += send_to(connection, call, kind, odd);
    }
    for (size_t i = 0; i < exchange_connections(call->exchange); i++) {
        sim_connection_t *connection = exchange_connection(call->exchange, i);
        for (size_t n = 0; n < odd->count; n++)
            if ((id != 0 && connection_id(connection) != id) || connection_first_symbol(connection) != odd->trades[n].symbol)
                connection_trade(connection, &odd->trades[n]);
    }
    return sent;
}

void control_malformed(control_call_t *call)
{
    uint64_t id;
    const char *name = call_text(call, "kind");
    const sim_malformed_t *kind = name ? malformed_find(name) : NULL;
    if (!kind) {
        call->reply = control_error(400, "kind: expected %s, found '%s'", malformed_kinds(), name ? name : "");
        return;
    }
    if (!call_connection(call, &id))
        return;
    odd_trades_t odd = {.trades = calloc(exchange_connections(call->exchange) + 1, sizeof *odd.trades)};
    const size_t sent = odd.trades ? send_to_those_meant(call, id, kind, &odd) : 0;
    free(odd.trades);
    call_reply(call, "{\"ok\":true,\"connections\":%zu}\n", sent);
}
