/* Whom a request is from that a trusted proxy hands on (proxies.h), and how they asked the proxy. Knows no transport. */
#pragma once

#include "common/http/http_request.h"
#include "common/proxy/proxies.h"

typedef struct {
    ip_address_t client; /* no address: the proxy itself */
    text_t host;         /* that the client asked for; empty: not told */
    bool secure;         /* the client came to the proxy by TLS */
} http_forwarded_t;

/* All slices are of the request. False where it can't be told: then nothing of it counts. */
bool http_forwarded_read(http_forwarded_t *self, const http_request_t *request, const proxies_t *proxies);
