/* Who may come, and what connections were granted (gatewayd/auth), as the configuration says and the clock goes. */
#pragma once

#include "gatewayd/auth/auth.h"
#include "gatewayd/auth/grants.h"
#include "gatewayd/clients/hub.h"

typedef struct {
    auth_t *auth;
    grants_t *grants; /* NULL: nobody needs a token */
} tokens_t;

/* Reads gatewayd.auth and gatewayd.roles, and tells the hub: hub_t.grants, hub_t.everyone. False with a log line. */
bool tokens_open(tokens_t *self, loop_t *loop, const config_t *config, hub_t *hub);

/* When there are no clients left. */
void tokens_close(tokens_t *self);

/* Reads all again, but for the mode: who is connected has the role of that name, or goes. Where a file can't be used all stays as it was. */
void tokens_renew(tokens_t *self, const config_t *config);

/* Time passes: whose token ends soon is told, whose has ended goes. */
void tokens_tick(tokens_t *self, int64_t now_ns);
