/* Frames that a well-behaved exchange would not send, or hardly ever. */
#pragma once

#include "tests/simulator/exchange.h"

typedef struct fault fault_t;

/* The fault of this name, NULL when there is none; and all names: "json, truncated, ..." */
const fault_t *fault_find(const char *kind);
const char *fault_kinds(void);

/* Sends it to one connection. trade_ids: the first of as many unused ids as there are symbols; connections with the same first
 * symbol get the same trade. False when it was not sent: the connection takes no messages, or is subscribed to no trades and the
 * fault is made of one. */
bool fault_send(const fault_t *self, sim_exchange_t *exchange, sim_connection_t *connection, uint64_t trade_ids);
