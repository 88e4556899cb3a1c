/* How many messages an interval may be sent: a token bucket that keeps the limit in ANY such interval, not only in whole ones.
 *
 * It holds half of the interval's messages and refills at the rate of the other half, so a full bucket and everything that flows into it
 * in the next interval together are its allowance. It belongs to the sender, not to a connection: reconnecting gains nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t cost_ns;   /* the time in which one message's worth flows in */
    int64_t full_ns;   /* what the bucket holds, as time */
    int64_t filled_ns; /* what is in it as of updated_ns */
    int64_t updated_ns;
} limiter_t;

/* A full bucket for so many messages, 1 or more, in any interval_ms, 1 or more. now_ns is of clock_mono_ns, here and below. */
limiter_t limiter_new_within(uint32_t messages, uint32_t interval_ms, int64_t now_ns);

/* The same for a minute. */
limiter_t limiter_new(uint32_t per_minute, int64_t now_ns);

/* True: one message may go out now, and is counted. */
bool limiter_take(limiter_t *self, int64_t now_ns);

/* Milliseconds, rounded up, until limiter_take would return true; 0: now. */
uint64_t limiter_wait_ms(const limiter_t *self, int64_t now_ns);
