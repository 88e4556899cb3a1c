#include "tests/simulator/exchanges/subscriptions.h"

#include "tests/simulator/clock.h"

enum { DETAILS_BYTES = 128 };

void subscription_record(sim_exchange_t *exchange, const sim_connection_t *connection, const char *action, const char *channel,
                         const char *symbol)
{
    char details[DETAILS_BYTES];
    snprintf(details, sizeof details, "\"channel\":\"%s\",\"symbol\":\"%s\"", channel, symbol);
    ledger_event(exchange_ledger(exchange), action, connection_id(connection), details);
}

void subscription_set(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol, const char *channel, bool on)
{
    const bool was = connection_subscribed(connection, symbol);
    if (on)
        connection_subscribe(connection, symbol, clock_mono_ns(), 0);
    else
        connection_unsubscribe(connection, symbol);
    if (was != on)
        subscription_record(exchange, connection, on ? "subscribe" : "unsubscribe", channel,
                            exchange_symbols(exchange)->names[symbol]);
}

static denial_t *denial_of(sim_exchange_t *exchange, size_t symbol)
{
    return exchange_denial(exchange, symbol == SYMBOL_NONE ? exchange_symbols(exchange)->count : symbol);
}

sim_denied_t subscription_deny(sim_exchange_t *exchange, const sim_connection_t *connection, size_t symbol)
{
    denial_t *denial = denial_of(exchange, symbol);
    char details[DETAILS_BYTES];
    const bool ignored = denial->ignores > 0;
    if (!ignored && denial->rejects == 0)
        return DENIED_NOT;
    snprintf(details, sizeof details, "\"kind\":\"%s\",\"symbol\":\"%s\"", ignored ? "ignored" : "rejected",
             symbol == SYMBOL_NONE ? "UNKNOWN" : exchange_symbols(exchange)->names[symbol]);
    ledger_event(exchange_ledger(exchange), "fault", connection_id(connection), details);
    denial->ignores -= ignored;
    denial->rejects -= !ignored;
    return ignored ? DENIED_IGNORED : DENIED_REJECTED;
}

const char *subscription_denial_text(sim_exchange_t *exchange, size_t symbol)
{
    return denial_of(exchange, symbol)->text;
}
