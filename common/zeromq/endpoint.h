/* What a ZeroMQ endpoint of the configuration means: which addresses it stands for, and whether IPv6 is needed for them.
 *
 * ZMQ_IPV6 does not mean "also": with it a name means its IPv6 address, if it has one, and an interface its IPv6 address; without it
 * neither is looked for. So the forms are distinguished.
 */
#pragma once

#include "common/net/host.h"

typedef enum {
    ENDPOINT_PLAIN, /* ipc, inproc, an IPv4 address */
    ENDPOINT_IPV6,  /* an address in brackets */
    ENDPOINT_ANY,   /* "*": all interfaces, IPv4 and IPv6 */
    ENDPOINT_NAME   /* of a host, or of an interface */
} endpoint_kind_t;

enum { ENDPOINT_MAX = 300 };

endpoint_kind_t endpoint_kind(const char *endpoint);

/* Can only this machine reach it? Of an endpoint whose host is an address. */
bool endpoint_is_local(const char *endpoint);

/* The addresses that a name has, each as an endpoint; returns how many. May wait for DNS. */
size_t endpoint_addresses(const char *endpoint, char addresses[static HOST_ADDRESSES_MAX][ENDPOINT_MAX]);
