#include "tests/bench/latency.h"

enum { LINEAR = 1 << LATENCY_BITS };

/* The top LATENCY_BITS + 1 bits say which bucket; below LINEAR each value has its own. */
static unsigned bucket_of(uint64_t ns)
{
    if (ns < LINEAR)
        return (unsigned)ns;
    unsigned shift = 63 - (unsigned)__builtin_clzll(ns) - LATENCY_BITS;
    return ((shift + 1) << LATENCY_BITS) + (unsigned)(ns >> shift) - LINEAR;
}

/* The highest value of a bucket. */
static uint64_t top_of(unsigned bucket)
{
    unsigned shift = bucket < LINEAR ? 0 : (bucket >> LATENCY_BITS) - 1;
    uint64_t low = bucket < LINEAR ? bucket : (uint64_t)(LINEAR + bucket % LINEAR) << shift;
    return low + ((UINT64_C(1) << shift) - 1);
}

void latency_note(latency_t *self, int64_t ns)
{
    uint64_t value = ns > 0 ? (uint64_t)ns : 0;
    self->buckets[bucket_of(value)]++;
    self->count++;
    if (value > self->highest)
        self->highest = value;
}

uint64_t latency_quantile(const latency_t *self, double part)
{
    uint64_t wanted = (uint64_t)(part * (double)self->count), seen = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        seen += self->buckets[i];
        if (seen > wanted || (seen > 0 && seen == self->count))
            return top_of(i) < self->highest ? top_of(i) : self->highest;
    }
    return 0;
}
