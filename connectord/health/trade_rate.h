/* The trade rate of one stream: how often trades come, and whether a silence is likely.
 *
 * Trades are taken for a Poisson process: at a rate r, P(no trade for t) = exp(-r·t). The stream is stale when that is less than
 * `probability` and t is `minimum_ms` at least.
 *
 *     r = 1 / mean interval;  mean += (interval - mean) / n,  n = 1, 2 … TRADE_RATE_MEMORY, and TRADE_RATE_MEMORY from then on
 *
 * Real trades come in bursts (one large order meets many small ones), which would make the rate look higher than it is: trades within
 * TRADE_RATE_BURST_MS of an arrival belong to it. There is no verdict before TRADE_RATE_LEARN arrivals. A stale interval counts as no
 * longer than what made it stale: one outage does not spoil the rate, while a market that really became quiet is learned step by step.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { TRADE_RATE_BURST_MS = 50, TRADE_RATE_LEARN = 20, TRADE_RATE_MEMORY = 32 };

typedef struct {
    bool enabled;
    double probability; /* greater than 0, less than 1 */
    uint32_t minimum_ms;
    uint32_t reconnect_ms; /* stale_streams.h */
} trade_rate_config_t;

typedef struct {
    int64_t arrived_ns; /* the last arrival, or since when one is expected; 0: none is expected */
    int64_t last_ns;    /* the last trade, which may belong to that arrival; as above */
    double mean_ns;     /* of the intervals between arrivals */
    uint32_t arrivals;  /* counted up to TRADE_RATE_LEARN and TRADE_RATE_MEMORY */
    bool first;         /* the next arrival ends no interval between two */
    bool stale;
} trade_rate_t;

/* From now on trades are expected: subscribed on a new connection. now_ns: of clock_mono_ns, here and below. What was learned stays. */
void trade_rate_expect(trade_rate_t *self, int64_t now_ns);

/* None are expected now: it is not stale. Returns whether it was. */
bool trade_rate_rest(trade_rate_t *self);

/* A trade came. Returns whether that ends a staleness. */
bool trade_rate_trade(trade_rate_t *self, const trade_rate_config_t *config, int64_t now_ns);

/* Returns whether the stream has just become stale. */
bool trade_rate_check(trade_rate_t *self, const trade_rate_config_t *config, int64_t now_ns);

/* Is its rate known, and are trades expected? */
bool trade_rate_is_busy(const trade_rate_t *self);

/* Since the last trade, or since trades are expected. */
int64_t trade_rate_silence_ns(const trade_rate_t *self, int64_t now_ns);
