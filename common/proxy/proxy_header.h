/* The header with which a proxy begins a connection that it makes for a client: the PROXY protocol, version 2
 * (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt). Knows no transport, allocates nothing.
 *
 *     \r\n\r\n\0\r\nQUIT\n   0x20 LOCAL or 0x21 PROXY   family and transport   length, 2 bytes   addresses   TLVs, which are skipped
 */
#pragma once

#include "common/net/ip_address.h"

enum {
    PROXY_HEADER_FIXED = 16, /* bytes up to the addresses */
    PROXY_HEADER_READ =
        PROXY_HEADER_FIXED + 2 * 16, /* bytes that are looked at, at most: the fixed part and two IPv6 addresses … */
    PROXY_HEADER_MAX = 2048          /* … of a header that has so many at most */
};

typedef enum {
    PROXY_HEADER_PARTIAL,
    PROXY_HEADER_WHOLE,
    PROXY_HEADER_WRONG,
} proxy_header_result_t;

typedef struct {
    ip_address_t client; /* no address: the proxy itself (LOCAL), or somebody without one */
    size_t length;       /* bytes of the whole header */
} proxy_header_t;

/* bytes: from the first on. PARTIAL: more must come, up to PROXY_HEADER_READ, or `length` where that is less and known (not 0). WHOLE: what is behind the bytes
 * that were looked at, up to `length`, is to be skipped. WRONG as soon as it is. */
proxy_header_result_t proxy_header_read(proxy_header_t *self, text_t bytes);
