/* Where the gateway listens: /ws becomes a WebSocket, /health, /ready and /metrics are for monitoring. What
 * begins with /api/ goes to rest_http.h. Further paths are lines in the table of routes in http.c. Requests are read by
 * http_server.h; a connection that becomes a WebSocket belongs to ws.h from its handshake on. For boundary files. */
#pragma once

#include "common/http/http_server.h"
#include "gatewayd/doors/rest_http.h"
#include "gatewayd/doors/ws.h"

typedef struct http http_t;

typedef struct {
    http_config_t server;
    origins_t origins;
    bool deflates; /* agrees to permessage-deflate */
} http_settings_t;

/* All arguments outlive it, except for the settings themselves. NULL with a log line on failure. */
http_t *http_new(loop_t *loop, const http_settings_t *settings, hub_t *hub, ws_t *ws, rest_http_t *rest_http);

/* How many connections of one address may wait from now on. */
void http_limit(http_t *self, size_t per_address);

/* Lets nobody in from now on, and closes what is not a WebSocket. */
void http_stop(http_t *self);

void http_destroy(http_t **self);
