/* What clients ask over the WebSocket: subscribe and unsubscribe. */
#pragma once

#include "tests/simulator/exchange.h"

/* Acts on one message and answers it. message: NUL-terminated, and of this length. */
void request_handle(sim_exchange_t *exchange, sim_connection_t *connection, const char *message, size_t length);

/* Ends a subscription to a symbol's trades that nobody asked to be ended, and says so. False: there was none. */
bool request_drop(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol);

/* What a connection hears that asks too much; without seqnum and channel. */
void request_throttled(sim_connection_t *connection);
