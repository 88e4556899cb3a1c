/* Where the gateway listens: /ws becomes a WebSocket, /health, /ready and /metrics are for monitoring. What
 * begins with /api/ goes to rest_http.h. Further paths are lines in the table of routes in http.c. Requests are read by
 * http_server.h; a connection that becomes a WebSocket belongs to ws.h from its handshake on. For boundary files. */
#pragma once

#include "common/http/http_server.h"
#include "gatewayd/admission/admission.h"
#include "gatewayd/admission/origins.h"
#include "gatewayd/doors/handshake.h"

typedef struct http http_t;

typedef struct {
    http_config_t server;
    origins_t origins;
    bool deflates; /* agrees to permessage-deflate */
} http_settings_t;

/* What is behind: WebSockets, the operator's API, and REST. */
typedef struct {
    struct ws *ws;
    void (*open_ws)(struct ws *ws, byte_stream_t stream, text_t address, const ws_handshake_t *handshake); /* ws_open */
    struct operator_door *operator_door;
    bool (*ask_operator)(struct operator_door *door, http_connection_t *connection, const http_request_t *request,
                         text_t path); /* operator_door_on_request */
    struct rest_http *rest;
    void (*ask_rest)(struct rest_http *rest, http_connection_t *connection, const http_request_t *request,
                     text_t path); /* rest_http_on_request */
} http_doors_t;

/* All that is given outlives it, but for the settings and the doors themselves. NULL with a log line on failure. */
http_t *http_new(loop_t *loop, const http_settings_t *settings, const hub_t *hub, admission_t *admission,
                 const http_doors_t *doors);

/* How many connections of one address may wait from now on. */
void http_limit(http_t *self, size_t per_address);

/* Where other gateways listen too, who comes from now on comes to them. */
void http_unshare(http_t *self);

/* Lets nobody in from now on, and closes what is not a WebSocket. */
void http_stop(http_t *self);

void http_destroy(http_t **self);
