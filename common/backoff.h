/* How long to wait before the next try: initial × multiplier^n, at most maximum, with jitter.
 *
 * Jitter shortens the delay by a random part of up to `jitter`, so that many clients of one server do not come back at the same
 * time. (AWS Architecture Blog, "Exponential Backoff And Jitter".)
 */
#pragma once

#include <stdint.h>

typedef struct {
    uint32_t initial_ms; /* 1 or more */
    uint32_t maximum_ms; /* initial_ms or more */
    double multiplier;   /* 1.0 or more */
    double jitter;       /* 0.0 (none) to 1.0 (anything from 0 to the full delay) */
} backoff_config_t;

typedef struct {
    backoff_config_t config;
    uint32_t attempts; /* since the last reset */
    uint64_t random;   /* state of the generator: seed it with anything */
} backoff_t;

backoff_t backoff_new(backoff_config_t config, uint64_t seed);

/* The next delay in ms. */
uint32_t backoff_next(backoff_t *self);

/* The maximum, with jitter, whatever the number of attempts. */
uint32_t backoff_longest(backoff_t *self);

/* After success: the next delay is the initial one again. */
void backoff_reset(backoff_t *self);
