/* Which web pages may do what here, by the Origin that browsers send (RFC 6454). A client that sends none is not a browser, or a page of ours that reads.
 *
 * The gateway's own page may do everything: its Origin has the host and port of the request's Host (which names nobody else,
 * hosts.h), or of what a trusted proxy says was asked for. "null", of a page without an origin, is accepted if it is listed.
 */
#pragma once

#include "common/http/http_request.h"
#include "gatewayd/admission/cors.h"

typedef struct {
    cors_t connecting; /* those that may open WebSockets, with all that follows */
    cors_t reading;    /* those that may read HTTP responses (cors.h), including event streams */
} origins_t;

#define ORIGIN_REFUSED "origin not allowed: expected the gateway's own or a configured one"

bool origins_may_connect(const origins_t *self, const http_request_t *request);
bool origins_may_read(const origins_t *self, const http_request_t *request);

/* Is it the Origin of a page from this Host? */
bool origin_is_own(text_t origin, text_t host);
