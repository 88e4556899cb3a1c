/* The REST interface over HTTP: the boundary between http_server.h and rest.h. */
#pragma once

#include "gatewayd/doors/origins.h"
#include "gatewayd/doors/sse.h"
#include "gatewayd/doors/ws.h"

enum { REST_HTTP_CALLS_MAX = 256 /* requests that may wait at a time; more are told to come back */ };

typedef struct rest_http rest_http_t;

/* ws: knows the limit of clients. origins: the texts outlive it. NULL when memory runs out. */
rest_http_t *rest_http_new(hub_t *hub, ws_t *ws, const origins_t *origins);

/* Call it when all connections have closed. */
void rest_http_destroy(rest_http_t **self);

/* A request whose path, decoded, begins with REST_PREFIX. */
void rest_http_on_request(rest_http_t *self, http_connection_t *connection, const http_request_t *request, text_t path);

/* Answers 200 with a JSON body and the CORS headers; an empty body answers a preflight, for these methods. */
void rest_http_answer_open(rest_http_t *self, http_connection_t *connection, const http_request_t *request, const char *methods,
                           text_t json);
