/* The answer to a REST request, and what its headers depend on. */
#pragma once

#include "common/http/http_server.h"
#include "gatewayd/admission/cors.h"
#include "gatewayd/auth/refusal.h"
#include "gatewayd/rest/rest.h"
#include "gatewayd/streams/recent.h"

typedef struct {
    const rest_route_t *route; /* NULL: it is no method's */
    unsigned status;
    buffer_t body;          /* of what status is; its owner's to release */
    ready_answer_t *ready;  /* the body, where it was ready-made; sent before anything else is done */
    const char *methods;    /* of a 405: those that are offered */
    auth_refusal_t refusal; /* why who asks is not let in, or may not do that; AUTH_GRANTED: it is not that */
    bool is_private;        /* it depends on who asks */
    uint64_t retry_s;       /* of a 429 because of rates (rates.h): when to come back */
    bool gzip;
    text_t known, origin; /* If-None-Match, Origin */
} rest_answer_t;

/* Appends the headers that go with a refusal: WWW-Authenticate, Retry-After. */
void rest_answer_put_refusal(auth_refusal_t refusal, buffer_t *headers);

/* Reads the headers of a request, which the texts point into. */
void rest_answer_init(rest_answer_t *self, const http_request_t *request);

/* Sends it: compressed or as 304 where that serves; as a 503 where it may not wait for the peer. */
void rest_answer_send(rest_answer_t *self, http_connection_t *connection, const cors_t *reading, recent_t *recent);
