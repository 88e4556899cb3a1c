/* What connections are granted by their tokens: who each one is, until when, and how many a subject has.
 *
 *     AWAITED ── a token in time ──▶ HELD ── warn_ms before its end ──▶ WARNED ── its end ──▶ OVER
 *        │                            ▲  └──────── a new token ────────┘ │                    ▲
 *        │                            └────────── a new token ───────────┘                    │
 *        └────────────────── no token within first_message_ms ────────────────────────────────┤
 *                                       HELD, WARNED: its role is gone (grants_renew) ────────┘
 *
 * A connection has its grant from the handshake on, until it is closed. All grants wait in one queue for what is due next, so that time costs nothing where
 * nothing is due. Knows neither tokens nor keys, which somebody else judges. now_ns: since 1970.
 */
#pragma once

#include "common/heap.h"
#include "common/list.h"
#include "common/metrics/metrics.h"
#include "gatewayd/auth/identity.h"
#include "gatewayd/auth/refusal.h"

typedef struct grants grants_t;

/* Who judges: as auth_admit, auth_renew and auth_is_ready. */
typedef struct {
    bool (*ready)(void *arg);
    auth_refusal_t (*admit)(void *arg, text_t token, identity_t *out);
    bool (*renew)(void *arg, identity_t *identity);
} grants_judge_t;

typedef struct {
    int64_t first_message_ns; /* for a connection to bring its token, where its handshake had none */
    int64_t warn_ns;          /* before its end */
} grants_times_t;

/* Why a connection is to be closed. */
typedef enum { GRANT_NO_TOKEN, GRANT_EXPIRED, GRANT_ROLE_GONE } grant_end_t;

/* From grants_tick, grants_renew and grant_take. A grant may be closed from within, that of `owner` only. */
typedef struct {
    void (*warn)(void *owner);                  /* it ends soon: identity.expires_ns */
    void (*over)(void *owner, grant_end_t why); /* once, and nothing else follows */
    void (*changed)(void *owner);               /* its role is another one, or says something else now */
} grant_events_t;

typedef enum { GRANT_AWAITED, GRANT_HELD, GRANT_WARNED, GRANT_OVER } grant_state_t;

typedef struct grant {
    grants_t *grants;
    identity_t identity; /* empty while awaited */
    grant_state_t state;
    grant_end_t why;              /* GRANT_OVER */
    const grant_events_t *events; /* NULL: not attached yet */
    void *owner;
    int64_t due_ns; /* when it is looked at next */
    heap_item_t in_due;
    list_t in_grants;
} grant_t;

/* judge, arg: outlive it. NULL when memory runs out. */
grants_t *grants_new(const grants_judge_t *judge, void *arg, const grants_times_t *times);

/* There must be no grant left. */
void grants_destroy(grants_t **self);

/* Other times, for what begins from now on. */
void grants_set_times(grants_t *self, const grants_times_t *times);

/* Can tokens be judged? Not while there are no keys. */
bool grants_are_ready(const grants_t *self);

/* For a request of its own, which is no connection: as auth_admit. */
auth_refusal_t grants_judge(grants_t *self, text_t token, identity_t *out);

/* A connection that brings this token. *out: NULL unless AUTH_GRANTED. AUTH_CONNECTIONS: its subject has as many as its role allows, or memory runs out. */
auth_refusal_t grants_open(grants_t *self, text_t token, grant_t **out);

/* A connection that is to bring one later. NULL when memory runs out. */
grant_t *grants_await(grants_t *self, int64_t now_ns);

/* A connection ends. *self may be NULL. */
void grant_close(grant_t **self);

/* Who is told of it from now on; that it is over already, at once, and what else is due with the next grants_tick. */
void grant_attach(grant_t *self, const grant_events_t *events, void *owner);

/* Who it is; NULL: nobody knows, or no longer. */
const identity_t *grant_identity(const grant_t *self);

/* The connection brings another token, or its first one. A second one has to be of the same subject (AUTH_SUBJECT). Refused, all stays as it was. */
auth_refusal_t grant_take(grant_t *self, text_t token);

/* Tells what is due. O(that). */
void grants_tick(grants_t *self, int64_t now_ns);

/* Roles are others now: each identity gets the one that its role's name has. O(grants). */
void grants_renew(grants_t *self);

void grants_metrics(const grants_t *self, metrics_t *metrics);
