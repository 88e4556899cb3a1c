/* Binds ZeroMQ sockets. For socket.c. */
#pragma once

#include <czmq.h>
#include <stdbool.h>

/* To everything that the endpoint stands for: "*" is all interfaces by IPv4 and IPv6, as far as the machine has it, a name is an interface's or else a host's
 * with all its addresses. False, with zmq_errno, when one of them can't be had. */
bool binding_make(zsock_t *zsock, const char *endpoint);
