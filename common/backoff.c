#include "common/backoff.h"

#include <assert.h>
#include <math.h>

/* SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"): any seed will do. 0.0 ≤ result < 1.0. */
static double random_fraction(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

backoff_t backoff_new(backoff_config_t config, uint64_t seed)
{
    assert(config.initial_ms >= 1 && config.maximum_ms >= config.initial_ms);
    assert(config.multiplier >= 1.0 && config.jitter >= 0.0 && config.jitter <= 1.0);
    return (backoff_t){.config = config, .random = seed};
}

static uint32_t shorten(backoff_t *self, double delay)
{
    if (self->attempts < UINT32_MAX)
        self->attempts++;
    return (uint32_t)(delay - delay * self->config.jitter * random_fraction(&self->random) + 0.5);
}

uint32_t backoff_longest(backoff_t *self)
{
    return shorten(self, self->config.maximum_ms);
}

uint32_t backoff_next(backoff_t *self)
{
    double delay = self->config.initial_ms * pow(self->config.multiplier, self->attempts); /* may be infinite */
    return shorten(self, delay > self->config.maximum_ms ? self->config.maximum_ms : delay);
}

void backoff_reset(backoff_t *self)
{
    self->attempts = 0;
}
