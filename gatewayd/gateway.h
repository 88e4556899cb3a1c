/* The gateway: all of its parts, wired together on a loop. */
#pragma once

#include "common/config/config.h"
#include "common/config/reload.h"
#include "common/loop/loop.h"
#include "gatewayd/clients/hub.h"
#include "gatewayd/operator/operator_lists.h"

typedef struct gateway gateway_t;

/* Reads section gatewayd; the configuration outlives it. call: what carries out what clients ask for (methods.h); lists: what
 * operators are shown, which outlives it. NULL with a log line on failure. */
gateway_t *gateway_new(loop_t *loop, const config_t *config, method_fn *call, const operator_lists_t *lists);

/* What SIGHUP changes in a running gateway, with the gateway_t as `arg`: the limits, but for more clients than it started with; the certificates, and
 * the keys of tokens, whose files are read again; and roles; and what connectord and cached
 * want to be told by operators (operator_door.h). */
extern const reload_events_t gateway_reload_events;

/* Closes the clients' connections, which may take a few seconds. The loop must not be running. */
void gateway_destroy(gateway_t **self);
