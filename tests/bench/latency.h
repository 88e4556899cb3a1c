/* A histogram of latencies: 64 buckets for each power of two of nanoseconds, so that a quantile is exact to 1.6 %. */
#pragma once

#include <stdint.h>

enum { LATENCY_BITS = 6, LATENCY_BUCKETS = (64 - LATENCY_BITS + 1) << LATENCY_BITS };

typedef struct {
    uint64_t buckets[LATENCY_BUCKETS];
    uint64_t count, highest;
} latency_t;

/* Below 0 (clocks) counts as 0. */
void latency_note(latency_t *self, int64_t ns);

/* The nanoseconds that a part of all (0 to 1) do not exceed; 0 when there are none. */
uint64_t latency_quantile(const latency_t *self, double part);
