/* What clients ask over the WebSocket: subscribe and unsubscribe. */
#pragma once

#include "tests/simulator/exchange.h"

/* Acts on one message and answers it. message: NUL-terminated, and of this length. */
void request_handle(exchange_t *exchange, connection_t *connection, const char *message, size_t length);

/* Ends a subscription to a symbol's trades that nobody asked to be ended, and says so. False: there was none. */
bool request_drop(exchange_t *exchange, connection_t *connection, size_t symbol);

/* What a connection hears that asks too much; without seqnum and channel. */
void request_throttled(connection_t *connection);
