/* The REST interface over HTTP: the boundary between http_server.h and rest.h. */
#pragma once

#include "gatewayd/doors/origins.h"
#include "gatewayd/doors/sse.h"
#include "gatewayd/doors/ws.h"

enum { API_CALLS_MAX = 256 /* requests that wait at one time; more are told to come back */ };

typedef struct api api_t;

/* ws: knows how many clients there may be. origins: the texts outlive it. NULL when memory runs out. */
api_t *api_new(hub_t *hub, ws_t *ws, const origins_t *origins);

/* When all connections have closed. */
void api_destroy(api_t **self);

/* A request whose path, decoded, begins with REST_PREFIX. */
void api_on_request(api_t *self, http_connection_t *connection, const http_request_t *request, text_t path);

/* Answers 200 with a JSON body and what cors says; an empty one answers a preflight, for these methods. */
void api_answer_open(api_t *self, http_connection_t *connection, const http_request_t *request, const char *methods,
                     text_t json);
