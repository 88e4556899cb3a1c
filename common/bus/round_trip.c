#include "common/bus/round_trip.h"

#include "common/clock.h"

#include <stdlib.h>

void round_trip_measured(round_trip_t *self, int64_t took_ns)
{
    if (took_ns < 0)
        took_ns = 0;
    if (took_ns > ROUND_TRIP_MAX_MS * NS_PER_MS)
        took_ns = ROUND_TRIP_MAX_MS * NS_PER_MS; /* a network that was away says little of what it is like now */
    if (self->smoothed_ns == 0) {
        self->smoothed_ns = took_ns > 0 ? took_ns : 1;
        self->variation_ns = took_ns / 2;
        return;
    }
    self->variation_ns += (llabs(self->smoothed_ns - took_ns) - self->variation_ns) / 4;
    self->smoothed_ns += (took_ns - self->smoothed_ns) / 8;
}

int64_t round_trip_timeout_ns(const round_trip_t *self, int64_t least_ns)
{
    int64_t timeout_ns = self->smoothed_ns + 4 * self->variation_ns;
    if (timeout_ns > ROUND_TRIP_MAX_MS * NS_PER_MS)
        timeout_ns = ROUND_TRIP_MAX_MS * NS_PER_MS;
    return timeout_ns > least_ns ? timeout_ns : least_ns;
}
