/* How long things took: counts within bounds from 10 µs to 2.5 s, as Prometheus wants them. Recording one takes a few
 * comparisons and allocates nothing. Zeroed at first. */
#pragma once

#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 17 };

/* Ascending. */
extern const int64_t histogram_bounds_ns[HISTOGRAM_BOUNDS];

typedef struct {
    uint64_t counts[HISTOGRAM_BOUNDS +
                    1]; /* of what took up to each bound and longer than the one before; then of what took longer */
    int64_t sum_ns;
} histogram_t;

/* A negative time counts as 0. */
void histogram_note(histogram_t *self, int64_t ns);
