/* The methods of the gateway, as a table of names, what each takes, and functions. To add one: a function and a line in
 * methods.c. */
#pragma once

#include "gatewayd/clients/client.h"
#include "gatewayd/methods/arguments.h"

/* For client_new: hands each request to its method. Names are case-insensitive. */
extern const rpc_events_t methods_events;

/* The same for a door that has no JSON-RPC: carries out the method of this name, with the arguments that `value` reads from `from`. The reply is used now,
 * or later, by caller_cancel at the latest. Only a client can subscribe (caller_t.client). */
void methods_call(caller_t *caller, text_t name, value_fn *value, const void *from, reply_t *reply);
