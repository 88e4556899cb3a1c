/* What is the same for all who subscribe to an exchange that counts its trades. */
#pragma once

#include "tests/simulator/exchange.h"

/* The ledger's line for a change. action: subscribe or unsubscribe. */
void subscription_record(sim_exchange_t *exchange, const sim_connection_t *connection, const char *action, const char *channel,
                         const char *symbol);

/* Subscribes to, or ends, a symbol's trades, and writes that down. */
void subscription_set(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol, const char *channel, bool on);

/* What the exchange was told to do to those who subscribe to a symbol; SYMBOL_NONE: to one that is not on offer. It is done once, and
 * written down. */
typedef enum { DENIED_NOT, DENIED_IGNORED, DENIED_REJECTED } sim_denied_t;
sim_denied_t subscription_deny(sim_exchange_t *exchange, const sim_connection_t *connection, size_t symbol);

/* The text of a rejection. */
const char *subscription_denial_text(sim_exchange_t *exchange, size_t symbol);
