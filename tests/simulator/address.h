/* The address to listen on, tried out before libwebsockets gets it.
 *
 * libwebsockets takes an address that is not this machine's for an interface that is not up yet, and waits for it in silence.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

/* host: a name or an IPv4 address; its number goes to numeric. port: 0 means any free one. Says on stderr why one can't listen
 * there, then returns false. */
bool address_try(const char *host, int port, char numeric[INET_ADDRSTRLEN]);
