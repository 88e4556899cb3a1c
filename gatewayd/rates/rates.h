/* How often whoever comes may ask, and how much they may be answered, in a second: by address, by client, and by the client's role. Live trades know nothing of it:
 * whatever somebody asks, what they are subscribed to goes on.
 *
 *     rates_ask ──RATE_ADMITTED──▶ it is carried out ──▶ rates_answered: its bytes are taken, also those that are not there
 *          ├─────RATE_REFUSED ──▶ a refusal with *wait_ms
 *          └─────RATE_ENDED   ──▶ the same, and the connection ends: it was refused RATES_BEYOND times as often as it may ask
 *
 * Without limits, nothing is kept and no clock is read.
 */
#pragma once

#include "common/config/config.h"
#include "common/metrics/metrics.h"
#include "gatewayd/auth/roles.h"
#include "gatewayd/rates/rate_table.h"

enum {
    RATES_BEYOND = 10,
    RATES_REFUSALS = 100 /* that are allowed in a second where requests have no limit, and bytes are what is refused */
};

typedef enum { RATE_CONNECTS, RATE_REQUESTS, RATE_BYTES, RATE_KINDS } rate_kind_t;
typedef enum { RATE_OF_ADDRESS, RATE_OF_CLIENT, RATE_OF_ROLE, RATE_OWNERS } rate_owner_t;
typedef enum { RATE_ADMITTED, RATE_REFUSED, RATE_ENDED } rate_verdict_t;

/* A client's own; zeroed at first. */
typedef struct {
    token_bucket_t requests, bytes, refusals;
} client_rate_t;

/* Who asks. */
typedef struct {
    client_rate_t *client;     /* NULL: only its address is known */
    const role_limits_t *role; /* NULL: none is known */
    text_t address;            /* as text; empty: it is not looked at */
} rate_asker_t;

typedef struct rates rates_t;

/* NULL when memory runs out. */
rates_t *rates_new(const config_t *config);
void rates_destroy(rates_t **self);

/* Takes gatewayd.limits: these hold from now on. */
void rates_read(rates_t *self, const config_t *config);

/* Is it a key that rates_read takes? */
bool rates_take(const char *key);

/* Is anything limited, for whoever it is? Roles' own limits are not looked at. NULL: nothing is. */
bool rates_limit(const rates_t *self);

/* May it ask one thing more, now? Counts it. *wait_ms: when it may, where it may not; 1 or more. */
rate_verdict_t rates_ask(rates_t *self, const rate_asker_t *asker, uint64_t *wait_ms);

/* It was answered with so many bytes. */
void rates_answered(rates_t *self, const rate_asker_t *asker, size_t bytes);

/* What one that asks by requests of HTTP is told apart by: the subject of its token, in its role. */
typedef struct {
    text_t role, subject;
} rate_subject_t;

/* The same of such a one. */
rate_verdict_t rates_ask_subject(rates_t *self, const rate_subject_t *subject, const role_limits_t *limits, uint64_t *wait_ms);
void rates_answered_subject(rates_t *self, const rate_subject_t *subject, const role_limits_t *limits, size_t bytes);

/* May one connection more come from an address? */
rate_verdict_t rates_connect(rates_t *self, text_t address, uint64_t *wait_ms);

void rates_metrics(const rates_t *self, metrics_t *metrics);
