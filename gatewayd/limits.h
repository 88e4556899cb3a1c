/* How much the gateway may hold, of what is configured and of what the machine has. */
#pragma once

#include "common/config/config.h"
#include "gatewayd/clients/hub.h"

/* The hub's limits, and its budget's. */
void limits_read(hub_t *hub, const config_t *config);

/* Is it a key of a limit that can change while the gateway runs? That of clients is not among them: it depends on how many there can be. */
bool limits_take(const char *key);

/* Asks the system for as many descriptors as so many clients need. How many clients there can be: as many as are configured, but for the
 * descriptors that the rest needs, so that one client too many is told so. */
size_t limits_clients(size_t configured);
