/* The addresses of a host, for listening on all of them. For boundary files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { HOST_ADDRESSES_MAX = 8, HOST_NAME_MAX_BYTES = 253 /* DNS's limit */ };

typedef struct {
    struct sockaddr_storage at;
    socklen_t length;
} host_address_t;

/* host: a name, or an address without brackets; port: digits. Each address once, in the resolver's order; 0 when it has no address. May wait for DNS. */
size_t host_addresses(const char *host, const char *port, host_address_t addresses[static HOST_ADDRESSES_MAX]);

/* Listening failed on one address of a host, with that errno: may the others be used? Yes if the machine does not have that address, such as
 * ::1 where IPv6 is off. */
bool host_address_is_elsewhere(int error);
