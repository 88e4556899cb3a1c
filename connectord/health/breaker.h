/* A circuit breaker: stops hammering an exchange that keeps failing.
 *
 *     closed ──failures in a row──▶ open ──open_ms have passed──▶ half-open ──held──▶ closed
 *                                    ▲                                │
 *                                    └──────────── failed ────────────┘
 *
 * Closed, the backoff decides when to try. Open, nothing is tried. Half-open, one connection is on trial: it closes the breaker once it has
 * held for healthy_ms. A failure is a connection that could not be made, or was lost before that.
 * One that was not even tried, since the host's name could not be resolved, does not count; a trial continues then.
 * (Nygard, "Release It!": Circuit Breaker.)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t failures;   /* this many in a row open it; 0: it never opens */
    uint32_t healthy_ms; /* a connection that held for this long was not a failure */
    uint32_t open_ms;    /* nothing is tried for this long */
} breaker_config_t;

typedef enum { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN } breaker_state_t;

typedef enum {
    BREAKER_TRY,    /* a connection is about to be tried */
    BREAKER_FAILED, /* it could not be made, or was lost too soon */
    BREAKER_HELD    /* it has held for healthy_ms */
} breaker_event_t;

typedef struct {
    breaker_config_t config;
    breaker_state_t state;
    uint32_t failed;   /* in a row */
    int64_t opened_ns; /* when it opened last */
} breaker_t;

breaker_t breaker_new(breaker_config_t config);

/* Returns whether the state has changed. now_ns: of clock_mono_ns, here and below. */
bool breaker_event(breaker_t *self, breaker_event_t event, int64_t now_ns);

/* How long nothing may be tried, in ms, rounded up; 0 unless it is open. */
uint32_t breaker_wait_ms(const breaker_t *self, int64_t now_ns);

/* "closed", "open", "half_open" */
const char *breaker_name(breaker_state_t state);
