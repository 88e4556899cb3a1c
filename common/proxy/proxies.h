/* The proxies in front of a server: whose word about the client at their other end is believed. Nobody else's is. */
#pragma once

#include "common/net/network.h"

enum { PROXIES_MAX = 64 };

/* Where a proxy that speaks HTTP says for whom it asks. One of the two, since proxies pass on what they do not know: from a client, too. */
typedef enum {
    PROXIES_X_FORWARDED, /* X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host */
    PROXIES_FORWARDED    /* Forwarded (RFC 7239) */
} proxies_header_t;

typedef struct {
    network_range_t ranges[PROXIES_MAX];
    size_t count;
    proxies_header_t header;
    uint64_t strangers; /* refused where only proxies may connect, … */
    uint64_t refused;   /* … proxies that did not begin with a valid PROXY header, … */
    uint64_t malformed; /* … and requests of which it could not be told for whom a proxy asks */
} proxies_t;

/* The ones there are from now on: addresses, and ADDRESS/BITS, which are valid. What is counted stays. */
void proxies_set(proxies_t *self, const char *const *ranges, size_t count, proxies_header_t header);

/* Is it one? NULL: there are none. */
bool proxies_have(const proxies_t *self, const ip_address_t *address);
