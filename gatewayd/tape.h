/* The tape: what comes over the buses, and is not yet with clients. Records go to the rings, statuses to the offers, and as soon as the bus is empty,
 * or it is time, to the clients.
 */
#pragma once

#include "common/bus/follower.h"
#include "gatewayd/clients/hub.h"

typedef struct tape tape_t;

/* Follows the buses for the hub, which has its markets, offers and history, and outlives it. config.start: FOLLOW_FROM_LAST. NULL when memory or sockets run
 * out. */
tape_t *tape_new(loop_t *loop, hub_t *hub, const follower_config_t *config);

/* Nothing comes from now on. */
void tape_end(tape_t *self);
void tape_destroy(tape_t **self);

/* The buses should carry a symbol, or no longer. */
void tape_want(tape_t *self, text_t symbol, bool wanted);

/* Every HUB_TICK_MS: what is delayed and due now goes to clients, too. */
void tape_tick(tape_t *self);
