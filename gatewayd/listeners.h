/* Where the gateway listens, as gatewayd.listen says. */
#pragma once

#include "common/config/config.h"
#include "common/http/http_server.h"

/* Puts all of them into the settings of the server, and among its names. The configuration outlives both. */
void listeners_read(const config_t *config, http_config_t *http, hosts_t *hosts);

void listeners_log(const http_config_t *http);
