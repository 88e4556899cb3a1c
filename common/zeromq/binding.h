/* Binds ZeroMQ sockets. For socket.c. */
#pragma once

#include "common/zeromq/endpoint.h"

#include <czmq.h>
#include <stdbool.h>

/* Where a socket listens, as libzmq says it (ZMQ_LAST_ENDPOINT). */
typedef struct {
    char at[HOST_ADDRESSES_MAX][ENDPOINT_MAX];
    size_t count;
} binding_t;

/* To everything that the endpoint stands for: "*" is all interfaces by IPv4 and IPv6, as far as the machine has it, a name is an interface's or else a host's
 * with all its addresses. False, with zmq_errno, when one of them can't be had. */
bool binding_make(zsock_t *zsock, const char *endpoint, binding_t *bound);

/* Is it on this machine alone? */
bool binding_is_local(const binding_t *bound);

/* Ends it. Returns how many listeners will be closed, each with ZMQ_EVENT_CLOSED; whoever has come by them is cut off. */
size_t binding_end(zsock_t *zsock, binding_t *bound);
