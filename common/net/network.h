/* Which peers may connect, by their address: those of this machine, single addresses, whole networks. */
#pragma once

#include "common/text.h"

#include <sys/socket.h>

/* Room for the text of an address. */
enum { NETWORK_ADDRESS_MAX = 64 };

/* "local", "any", an address ("192.0.2.7", "2001:db8::7") or a network ("192.0.2.0/24", "2001:db8::/32")? */
bool network_valid(text_t text);

/* Is the address in one of the networks, which are valid? "local" takes in the loopback addresses, those that this machine's interfaces have
 * now, and peers without an address, as over ipc. An IPv4 address counts as itself when it comes by an IPv6 socket. */
bool network_admits(const char *const *networks, size_t count, const struct sockaddr_storage *address);

/* The address of a text, with port 0; AF_UNIX for any other text. */
struct sockaddr_storage network_address(text_t text);

/* The text of an address, with a NUL: "local" where it has none. */
void network_print(const struct sockaddr_storage *address, char out[static NETWORK_ADDRESS_MAX]);
