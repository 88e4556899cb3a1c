/* The gateway's own state: getStatus, getSymbols and /ready. */
#pragma once

#include "gatewayd/clients/hub.h"

/* {"sources":[{"name","connected","since","staleness","reason","breaker","health","stale","failing","symbols"}…],"clients":n,"subscriptions":n,
 *  "bus":[{"endpoint","state"}…],"history":"up","version":…} */
void status_report_print(const hub_t *hub, buffer_t *out);

/* {"symbols":["BTC-USD",…],"sources":{"BTC-USD":["blockchain"],…}}, those of the channel, in their order. */
void status_report_print_symbols(const hub_t *hub, text_t channel, buffer_t *out);

/* {"channels":{"trades":{"keep":"log","sources":["blockchain"]},…}} */
void status_report_print_channels(const hub_t *hub, buffer_t *out);

/* {"ready":true,"bus":[…],"sources":[…],"stale":["trade.BTC-USD.blockchain",…],"history":"up"}. Returns whether it is ready: every bus is heard,
 * and history answers. A stream that starves, or whose subscription fails, does not matter: the gateway can serve. */
bool status_report_ready(const hub_t *hub, buffer_t *out);
