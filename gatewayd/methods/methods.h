/* The methods of the gateway's JSON-RPC, as a table of names and functions. To add one: a function and a line in
 * methods.c. */
#pragma once

#include "gatewayd/clients/client.h"

/* For client_new: hands each request to its method. Names are case-insensitive. */
extern const rpc_events_t methods_events;
