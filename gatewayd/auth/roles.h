/* Roles: what those who have one may do, a table in the configuration (gatewayd.roles).
 *
 *     "roles": {"viewer": {"symbols": ["*-USD"], "channels": ["trades"], "methods": ["subscribe", "getRecentTrades"], "history_hours": 24, "delay_ms": 900000},
 *               "trader": {},
 *               "operator": {"operator": true}}
 *
 * A role stays as it is for whoever has it, whatever becomes of the table: roles_keep.
 */
#pragma once

#include "common/config/config.h"
#include "gatewayd/auth/period.h"

typedef struct role role_t;
typedef struct roles roles_t;

/* 0: no limit of the role's own. */
typedef struct {
    int64_t history_ns;           /* how far back */
    int64_t delay_ns;             /* live data comes so much later */
    uint64_t subscriptions;       /* of one client */
    uint64_t messages_per_second; /* from one client */
    uint64_t connections;         /* of one subject */
    uint64_t bytes_per_second;    /* to one client */
} role_limits_t;

/* Reads gatewayd.roles, which may go then. NULL when memory runs out. */
roles_t *roles_new(const config_t *config);
void roles_destroy(roles_t **self);

/* NULL: there is none of that name. Valid as long as `self`. */
role_t *roles_find(const roles_t *self, text_t name);

/* The role of all where nobody needs a token: without limits, it may do everything that does not ask for an operator's role; clearHistory, which has a token
 * of its own (cached.token), is among it. NULL when memory runs out. */
role_t *role_new_everyone(void);

/* Keeps it beyond the table it is of, until it is released as often. */
role_t *role_keep(role_t *self);
void role_release(role_t **self);

text_t role_name(const role_t *self);
const role_limits_t *role_limits(const role_t *self);
bool role_is_operator(const role_t *self);

/* What it may see as of now_ns, of records by the time when they were made, to whole seconds, so that all of a role ask the same for a while. */
period_t role_period(const role_t *self, int64_t now_ns);

/* channel: "trades", "readings"; symbol: a symbol or a key of it. */
bool role_may_symbol(const role_t *self, text_t channel, text_t symbol);

/* The same of a subject (topic.h). */
bool role_may_subject(const role_t *self, text_t subject);

/* Is there nothing that it may not see? */
bool role_sees_all(const role_t *self);

/* May all keys of a channel be told of, or one of them at least? For lists of channels. */
bool role_may_channel(const role_t *self, text_t channel);

/* name: of a method, in any case. "*" stands for all of them; for those of operators (clearHistory) only if it is an operator's role, else they have to be
 * named. */
bool role_may_method(const role_t *self, text_t name);
