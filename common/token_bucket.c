#include "common/token_bucket.h"

#include "common/clock.h"

__extension__ typedef unsigned __int128 wide_t; /* a burst of bytes, in nanoseconds */

/* The time in which so many tokens come, rounded down, so that a burst is never one less than it says; and bounded. */
static int64_t time_of(const token_rate_t *rate, uint64_t tokens)
{
    wide_t time = (wide_t)tokens * (uint64_t)NS_PER_S / rate->per_second;
    return time < (wide_t)(TOKEN_BUCKET_DEBT_S * NS_PER_S) ? (int64_t)time : TOKEN_BUCKET_DEBT_S * NS_PER_S;
}

/* How long it takes until it is full. */
static int64_t missing_ns(const token_bucket_t *self, int64_t now_ns)
{
    return self->full_ns > now_ns ? self->full_ns - now_ns : 0;
}

uint64_t token_bucket_wait_ms(const token_bucket_t *self, const token_rate_t *rate, int64_t now_ns)
{
    if (rate->per_second == 0)
        return 0;
    int64_t wait_ns = missing_ns(self, now_ns) + time_of(rate, 1) - time_of(rate, rate->burst);
    return wait_ns > 0 ? (uint64_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

void token_bucket_take(token_bucket_t *self, const token_rate_t *rate, uint64_t tokens, int64_t now_ns)
{
    if (rate->per_second == 0)
        return;
    int64_t most_ns = time_of(rate, rate->burst) + TOKEN_BUCKET_DEBT_S * NS_PER_S;
    int64_t missing = missing_ns(self, now_ns) + time_of(rate, tokens);
    self->full_ns = now_ns + (missing < most_ns ? missing : most_ns);
}
