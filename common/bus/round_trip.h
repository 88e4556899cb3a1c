/* How long a service takes to answer, and so how long an answer is worth waiting for: RFC 6298's smoothed round trip and its
 * variation.
 */
#pragma once

#include <stdint.h>

enum { ROUND_TRIP_MAX_MS = 10000 /* the longest wait for an answer, unless the configuration says so */ };

/* All 0: nothing measured yet. */
typedef struct {
    int64_t smoothed_ns, variation_ns;
} round_trip_t;

/* A request was answered after this time. */
void round_trip_measured(round_trip_t *self, int64_t took_ns);

/* How long to wait for an answer: at least least_ns, and at most the greater of that and ROUND_TRIP_MAX_MS. */
int64_t round_trip_timeout_ns(const round_trip_t *self, int64_t least_ns);
