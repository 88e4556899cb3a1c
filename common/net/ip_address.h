/* An IP address. One of IPv4 within IPv6 (::ffff:192.0.2.7) is the IPv4 address. */
#pragma once

#include "common/text.h"

struct sockaddr;

enum {
    IP_ADDRESS_BYTES = 16,
    IP_ADDRESS_MAX = 64 /* of its text, with a NUL */
};

typedef struct {
    unsigned char bytes[IP_ADDRESS_BYTES]; /* in the network's order */
    uint8_t length;                        /* of them: 4 or 16; 0: no address */
} ip_address_t;

/* length: 4 or 16. */
ip_address_t ip_address_of_bytes(const void *bytes, size_t length);

/* No address for another family, as that of a Unix socket. */
ip_address_t ip_address_of(const struct sockaddr *address);

/* Of who is at the other end of a socket; no address where it is gone already. */
ip_address_t ip_address_of_peer(int fd);

/* "192.0.2.7", "2001:db8::7": without brackets or a zone. False for anything else. */
bool ip_address_read(text_t text, ip_address_t *self);

/* Its text in `room`, with a NUL behind it; "?" for no address. */
text_t ip_address_print(const ip_address_t *self, char room[static IP_ADDRESS_MAX]);
