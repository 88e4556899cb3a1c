/* The methods of the gateway, as a table of names, what each takes, and functions. To add one: a function and a line in
 * methods.c. */
#pragma once

#include "gatewayd/clients/client.h"

/* For hub_t.call. Only a client can subscribe (caller_t.client). */
method_fn methods_call;

/* The name of that number, from 0; NULL beyond the last. Those that a role can be given: authenticate and refreshToken everybody may call. */
const char *methods_name(size_t number);
