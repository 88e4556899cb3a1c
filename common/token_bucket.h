/* A token bucket: who takes more than `per_second` for longer than the bucket lasts has to wait. Integers only, eight bytes, no timer: all that is kept is when it
 * will be full again, so that a bucket that nobody uses needs nothing, and a rate can change at any time.
 */
#pragma once

#include <stdint.h>

typedef struct {
    uint64_t per_second; /* 0: no limit */
    uint64_t burst;      /* tokens that a full bucket holds; 1 or more */
} token_rate_t;

/* Zeroed: it is full. */
typedef struct {
    int64_t full_ns; /* when it will be, or was */
} token_bucket_t;

enum { TOKEN_BUCKET_DEBT_S = 3600 /* nobody waits longer */ };

/* burst 0: what comes in a second. */
static inline token_rate_t token_rate(uint64_t per_second, uint64_t burst)
{
    uint64_t least = per_second > 0 ? per_second : 1;
    return (token_rate_t){per_second, burst > 0 ? burst : least};
}

/* Milliseconds, rounded up, until one token can be taken; 0: now. now_ns: of a clock that never goes back, the same for both. */
uint64_t token_bucket_wait_ms(const token_bucket_t *self, const token_rate_t *rate, int64_t now_ns);

/* Takes so many, also where there are less: then it is in debt, and all wait until that is paid. Rounded down by less than a nanosecond's worth. */
void token_bucket_take(token_bucket_t *self, const token_rate_t *rate, uint64_t tokens, int64_t now_ns);
