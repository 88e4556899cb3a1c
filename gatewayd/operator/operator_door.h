/* The operator's API over HTTP (proto/operator.md): the boundary between http_server.h and what is behind. Only who brings the token of an operator's role, in the
 * header Authorization, gets past it; where nobody needs a token it is not there. */
#pragma once

#include "common/http/http_server.h"
#include "gatewayd/admission/origins.h"
#include "gatewayd/auth/identity.h"
#include "gatewayd/auth/refusal.h"
#include "gatewayd/clients/hub.h"
#include "gatewayd/operator/operator_lists.h"

enum { OPERATOR_CALLS_MAX = 16 /* requests under way; more are told to come back */ };

typedef struct operator_door operator_door_t;

typedef struct {
    hub_t *hub;
    const operator_lists_t *lists;
    origins_t origins;
    auth_refusal_t (*admit)(void *arg, text_t authorization, identity_t *out); /* auth_admit of what the header has */
    void (*drain)(void *arg); /* lets nobody in from now on, and sends all clients away; from the loop, soon */
    void *arg;
} operator_door_config_t;

/* All that is given outlives it. NULL when memory runs out. */
operator_door_t *operator_door_new(loop_t *loop, const operator_door_config_t *config);

/* Reads what connectord and cached want to be told by who changes something, connectord.token and cached.token, which are the gateway's own configuration, too. False
 * with a log line when memory runs out: then none is known. */
bool operator_door_configure(operator_door_t *self, const config_t *config);

/* path: decoded. False: it is not the operator's, and not answered. */
bool operator_door_on_request(operator_door_t *self, http_connection_t *connection, const http_request_t *request, text_t path);

/* Call it when all connections have closed. */
void operator_door_destroy(operator_door_t **self);
