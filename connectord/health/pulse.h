/* The pulse of one stream: how often trades come, and whether none for so long is likely.
 *
 * Trades are taken for a Poisson process: at a rate r, P(no trade for t) = exp(-r·t). The stream is stale when that is less than
 * `probability` and t is `minimum_ms` at least.
 *
 *     r = 1 / mean interval;  mean += (interval - mean) / n,  n = 1, 2 … PULSE_MEMORY, and PULSE_MEMORY from then on
 *
 * Real trades come in bursts (one large order meets many small ones), which would make the rate look higher than it is: what comes within
 * PULSE_BURST_MS of an arrival belongs to it. Nothing is said before PULSE_LEARN arrivals. An interval that was found stale counts as no
 * longer than what made it so: one outage does not spoil the rate, while a market that did become quiet is learned step by step.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PULSE_BURST_MS = 50, PULSE_LEARN = 20, PULSE_MEMORY = 32 };

typedef struct {
    bool enabled;
    double probability; /* greater than 0, less than 1 */
    uint32_t minimum_ms;
    uint32_t reconnect_ms; /* starvation.h */
} pulse_config_t;

typedef struct {
    int64_t arrived_ns; /* the last arrival, or since when one is waited for; 0: none is waited for */
    int64_t last_ns;    /* the last trade, which may belong to that arrival; as above */
    double mean_ns;     /* of the intervals between arrivals */
    uint32_t arrivals;  /* counted up to PULSE_LEARN and PULSE_MEMORY */
    bool first;         /* the next arrival ends no interval between two */
    bool stale;
} pulse_t;

/* From now on trades are expected: subscribed on a new connection. now_ns: of clock_mono_ns, here and below. What was learned stays. */
void pulse_expect(pulse_t *self, int64_t now_ns);

/* None are any more: it is not stale. Returns whether it was. */
bool pulse_rest(pulse_t *self);

/* A trade came. Returns whether that ends a staleness. */
bool pulse_trade(pulse_t *self, const pulse_config_t *config, int64_t now_ns);

/* Returns whether the stream has just become stale. */
bool pulse_check(pulse_t *self, const pulse_config_t *config, int64_t now_ns);

/* Is its rate known, and are trades expected? */
bool pulse_is_busy(const pulse_t *self);

/* The shortest silence that makes it stale. */
int64_t pulse_limit_ns(const pulse_t *self, const pulse_config_t *config);

/* Since the last trade, or since trades are expected. */
int64_t pulse_silence_ns(const pulse_t *self, int64_t now_ns);
