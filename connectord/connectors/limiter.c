#include "connectord/connectors/limiter.h"

#include "common/clock.h"

#include <assert.h>

limiter_t limiter_new(uint32_t per_minute, int64_t now_ns)
{
    assert(per_minute >= 1);
    uint32_t burst = per_minute > 1 ? per_minute / 2 : 1;
    uint32_t refill = per_minute > 1 ? per_minute - burst : 1;
    int64_t cost_ns = (60 * NS_PER_S + refill - 1) / refill; /* rounded up: never a message too many */
    return (limiter_t){.cost_ns = cost_ns, .full_ns = burst * cost_ns, .filled_ns = burst * cost_ns, .updated_ns = now_ns};
}

static int64_t filled(const limiter_t *self, int64_t now_ns)
{
    int64_t flowed_ns = now_ns > self->updated_ns ? now_ns - self->updated_ns : 0;
    int64_t room_ns = self->full_ns - self->filled_ns;
    return flowed_ns < room_ns ? self->filled_ns + flowed_ns : self->full_ns;
}

bool limiter_take(limiter_t *self, int64_t now_ns)
{
    int64_t filled_ns = filled(self, now_ns);
    if (filled_ns < self->cost_ns)
        return false;
    self->filled_ns = filled_ns - self->cost_ns;
    if (now_ns > self->updated_ns)
        self->updated_ns = now_ns;
    return true;
}

uint64_t limiter_wait_ms(const limiter_t *self, int64_t now_ns)
{
    int64_t missing_ns = self->cost_ns - filled(self, now_ns);
    return missing_ns > 0 ? (uint64_t)((missing_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}
