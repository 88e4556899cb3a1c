/* What a client was granted (grants.h), as time goes by: it brings its token, or another one, is told before it ends, and is closed then; and what its role no
 * longer allows it to see ends.
 *
 *     > {"jsonrpc":"2.0","id":1,"method":"authenticate","params":{"token":"…"}}
 *     < {"jsonrpc":"2.0","id":1,"result":{"subject":"alice","role":"viewer","expires":"2026-11-29T13:00:00.000000Z"}}
 *     …
 *     < {"jsonrpc":"2.0","method":"token.expiring","params":{"expires":"2026-11-29T13:00:00.000000Z","seconds":60.000}}
 *     > {"jsonrpc":"2.0","id":2,"method":"refreshToken","params":{"token":"…"}}
 */
#pragma once

#include "gatewayd/clients/client.h"
#include "gatewayd/methods/arguments.h"

/* A new client has this grant, which is its own from now on: hub_t.let_in. It may be ended within. */
void client_grant_begin(client_t *client, grant_t *grant);

/* authenticate and refreshToken. */
void client_grant_take(caller_t *caller, const arguments_t *arguments, reply_t *reply);
