/* The REST interface over HTTP: the boundary between http_server.h and rest.h. */
#pragma once

#include "common/http/http_server.h"
#include "gatewayd/admission/origins.h"
#include "gatewayd/auth/grants.h"
#include "gatewayd/clients/hub.h"
#include "gatewayd/rest/rest.h"

enum {
    REST_HTTP_CALLS_MAX =
        256 /* requests that may wait at a time; more are told to come back. No address has more than what is left for others */
};

typedef struct rest_http rest_http_t;

/* A request whose answer is a stream of events: as sse_open. */
typedef bool rest_stream_fn(void *arg, http_connection_t *connection, const http_request_t *request, const rest_query_t *query,
                            text_t headers, grant_t **grant, unsigned *status, buffer_t *answer);

/* origins: the texts outlive it. NULL when memory runs out. */
rest_http_t *rest_http_new(hub_t *hub, rest_stream_fn *stream, void *arg, const origins_t *origins);

/* Call it when all connections have closed. */
void rest_http_destroy(rest_http_t **self);

/* A request whose path, decoded, begins with REST_PREFIX. */
void rest_http_on_request(rest_http_t *self, http_connection_t *connection, const http_request_t *request, text_t path);
