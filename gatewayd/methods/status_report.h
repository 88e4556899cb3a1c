/* The gateway's own state: getStatus, getSymbols and /ready. Of what a role may not see nothing is told. */
#pragma once

#include "gatewayd/auth/roles.h"
#include "gatewayd/clients/hub.h"

/* {"sources":[{"name","connected","since","staleness","reason","breaker","health","stale","failing","symbols"}…],"clients":n,"subscriptions":n,
 *  "bus":[{"endpoint","state"}…],"history":"up","version":…} */
void status_report_print(const hub_t *hub, const role_t *role, buffer_t *out);

/* {"symbols":["BTC-USD",…],"sources":{"BTC-USD":["blockchain"],…}}, those of the channel, in their order. */
void status_report_print_symbols(const hub_t *hub, const role_t *role, text_t channel, buffer_t *out);

/* {"channels":{"trades":{"keep":"log","sources":["blockchain"]},…}} */
void status_report_print_channels(const hub_t *hub, const role_t *role, buffer_t *out);

/* {"ready":true,"bus":[…],"sources":[…],"stale":["trade.BTC-USD.blockchain",…],"history":"up"}. Returns whether it is ready: every bus is heard,
 * history answers, and where tokens are needed there are keys. A stream that starves, or whose subscription fails, does not matter: the gateway can serve. */
bool status_report_ready(const hub_t *hub, buffer_t *out);
