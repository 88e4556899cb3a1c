/* HOST[:PORT] as in a Host header, an Origin, or the configuration (RFC 3986, section 3.2). HOST is a name, an IPv4 address, or an IPv6
 * address in brackets. Names are case-insensitive, and one trailing dot changes nothing.
 */
#pragma once

#include "common/text.h"

typedef struct {
    text_t host;   /* a slice: with its brackets, without a trailing dot; not empty */
    uint16_t port; /* 0: none is named */
} authority_t;

/* False without a host, or with an invalid port. An IPv6 address is checked; a name is only compared. */
bool authority_parse(text_t text, authority_t *self);

/* Is the host an address? */
bool authority_is_address(const authority_t *self);

bool authority_same_host(const authority_t *a, const authority_t *b);
