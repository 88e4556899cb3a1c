/* How many messages a minute may be sent: a token bucket that keeps to its limit in ANY 60 s, not only in those that begin on a minute.
 *
 * It holds half of a minute's messages and refills at the rate of the other half, so that a full bucket and all that flows into it
 * in the next 60 s are a minute's allowance together. It belongs to who sends, not to a connection: reconnecting earns nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t cost_ns;   /* the time in which one message's worth flows in */
    int64_t full_ns;   /* what the bucket holds, in that time */
    int64_t filled_ns; /* what is in it as of updated_ns */
    int64_t updated_ns;
} limiter_t;

/* A full bucket. per_minute: 1 or more. now_ns is of clock_mono_ns, here and below. */
limiter_t limiter_new(uint32_t per_minute, int64_t now_ns);

/* True: one message may go out now, and is counted. */
bool limiter_take(limiter_t *self, int64_t now_ns);

/* Milliseconds, rounded up, until limiter_take says true; 0 when it would now. */
uint64_t limiter_wait_ms(const limiter_t *self, int64_t now_ns);
