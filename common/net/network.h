/* Which peers may connect, by their address: those of this machine, single addresses, whole networks. */
#pragma once

#include "common/net/ip_address.h"

#include <sys/socket.h>

/* Room for the text of an address. */
enum { NETWORK_ADDRESS_MAX = IP_ADDRESS_MAX };

/* The addresses whose first bits are these. */
typedef struct {
    ip_address_t address;
    uint8_t bits; /* of it that count */
} network_range_t;

/* "192.0.2.0/24", "2001:db8::/32", or a single address. False for anything else. */
bool network_range_read(text_t text, network_range_t *self);
bool network_range_has(const network_range_t *self, const ip_address_t *address);

/* "local", "any", an address ("192.0.2.7", "2001:db8::7") or a network ("192.0.2.0/24", "2001:db8::/32")? */
bool network_valid(text_t text);

/* Is the address in one of the networks, which are valid? "local" takes in the loopback addresses, those that this machine's interfaces have
 * now, and peers without an address, as over ipc. An IPv4 address counts as itself when it comes by an IPv6 socket. */
bool network_admits(const char *const *networks, size_t count, const struct sockaddr_storage *address);

/* The address of a text, with port 0; AF_UNIX for any other text. */
struct sockaddr_storage network_address(text_t text);

/* The text of an address, with a NUL: "local" where it has none. */
void network_print(const struct sockaddr_storage *address, char out[static NETWORK_ADDRESS_MAX]);
