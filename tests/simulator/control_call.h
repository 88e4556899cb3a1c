/* A request on its way through its handler, for those who write handlers. */
#pragma once

#include "tests/simulator/control.h"

typedef struct {
    sim_exchange_t *exchange;
    const control_request_t *request;
    control_reply_t reply; /* status 0: none yet */
} control_call_t;

typedef struct {
    const char *method;
    const char *path;
    const char *parameters; /* those it takes, each between two spaces: " n conn " */
    void (*handle)(control_call_t *call);
} control_route_t;

/* The routes that lead to faults, in control_fault.c; the last one's path is NULL. */
extern const control_route_t control_fault_routes[];

/* The same for those to what becomes of subscriptions, in control_subscription.c. */
extern const control_route_t control_subscription_routes[];

/* The same for those to what is made of the market's trades, in control_market.c. */
extern const control_route_t control_market_routes[];

/* The request for a malformed frame, of an exchange that counts its trades; in control_malformed.c. */
void control_malformed(control_call_t *call);

/* --- replies ---------------------------------------------------------------- */

void call_reply(control_call_t *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- parameters: a wrong one is replied to with 400, and false returned ------- */

/* NULL when it is not given. */
const char *call_text(const control_call_t *call, const char *name);

/* A whole number; fallback: what it is when it is not given. */
bool call_whole(control_call_t *call, const char *name, uint64_t least, uint64_t most, uint64_t fallback, uint64_t *value);

/* Seconds, 0 to a day; they must be given. */
bool call_seconds(control_call_t *call, int64_t *ns);

/* The id of the connection that is meant, 0: all of them. */
bool call_connection(control_call_t *call, uint64_t *id);
