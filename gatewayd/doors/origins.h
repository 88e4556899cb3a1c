/* Which web pages may do what here, by the Origin that browsers send (RFC 6454). Who sends none is no browser, or a page of ours that reads.
 *
 * The gateway's own page may do all: its Origin has the host and port that its request was for, as Host says (which names nobody else,
 * hosts.h). "null", of a page without an origin, is let in where it is listed.
 */
#pragma once

#include "common/http/http_request.h"
#include "gatewayd/doors/cors.h"

typedef struct {
    cors_t connecting; /* those that may open WebSockets, and all that follows */
    cors_t reading;    /* those that may read what HTTP answers (cors.h), streams of events among it */
} origins_t;

#define ORIGIN_REFUSED "origin not allowed: expected the gateway's own or a configured one"

bool origins_may_connect(const origins_t *self, const http_request_t *request);
bool origins_may_read(const origins_t *self, const http_request_t *request);

/* Is it the Origin of a page from this Host? */
bool origin_is_own(text_t origin, text_t host);
