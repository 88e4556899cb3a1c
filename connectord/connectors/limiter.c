#include "connectord/connectors/limiter.h"

#include "common/clock.h"

#include <assert.h>

limiter_t limiter_new_within(uint32_t messages, uint32_t interval_ms, int64_t now_ns)
{
    assert(messages >= 1 && interval_ms >= 1);
    uint32_t burst = messages > 1 ? messages / 2 : 1;
    uint32_t refill = messages > 1 ? messages - burst : 1;
    int64_t cost_ns = (interval_ms * NS_PER_MS + refill - 1) / refill; /* rounded up: never a message too many */
    return (limiter_t){.cost_ns = cost_ns, .full_ns = burst * cost_ns, .filled_ns = burst * cost_ns, .updated_ns = now_ns};
}

limiter_t limiter_new(uint32_t per_minute, int64_t now_ns)
{
    return limiter_new_within(per_minute, 60000, now_ns);
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
