/* What proxies write into a request about whom it is from: a line of X-Forwarded-For or of Forwarded (RFC 7239). Each proxy appends whom it was asked by, so the
 * rightmost who is no trusted proxy (proxies.h) is the client: what stands further left is whatever the client has written itself. Knows no request, allocates
 * nothing.
 */
#pragma once

#include "common/proxy/proxies.h"

enum { FORWARDED_HOPS_MAX = 16 /* trusted proxies in a row */ };

typedef struct {
    ip_address_t client; /* no address: nobody was named yet */
    text_t proto, host;  /* of Forwarded, as the proxy that named the client says; empty: it does not */
} forwarded_t;

typedef enum {
    FORWARDED_PROXIES, /* all it names are proxies: the line before it goes on; without one, the leftmost is the client */
    FORWARDED_CLIENT,
    FORWARDED_WRONG /* it can't be told */
} forwarded_result_t;

/* The value of a line; that of the request's last line first. `self`: zeroed before that. */
forwarded_result_t forwarded_read(forwarded_t *self, text_t line, const proxies_t *proxies);
