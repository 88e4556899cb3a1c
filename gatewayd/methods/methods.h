/* The methods of the gateway's JSON-RPC, as a table: names and what carries them out. Adding one: a function and a line in
 * methods.c. */
#pragma once

#include "gatewayd/clients/client.h"

/* For client_new: hands each request to its method. Names match without regard to case. */
extern const rpc_events_t methods_events;
