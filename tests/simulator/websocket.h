/* A connection's WebSocket, on libwebsockets. */
#pragma once

#include "tests/simulator/exchange.h"

struct lws;

/* Whether a client may upgrade. This and the following return what libwebsockets' callback is to return. */
int websocket_upgrade(struct lws *wsi, sim_exchange_t *exchange);
int websocket_opened(struct lws *wsi, sim_exchange_t *exchange);
int websocket_received(struct lws *wsi, const char *bytes, size_t length);
int websocket_pong(struct lws *wsi, const char *bytes, size_t length);
int websocket_writable(struct lws *wsi);
void websocket_closed(struct lws *wsi);

/* Does what the connection's phase asks for. To be called after each turn of the exchange. */
void websocket_attend(const sim_connection_t *connection);
