/* The exchange's limit on what a connection may ask: 1200 messages within any 60 seconds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { THROTTLE_MESSAGES = 1200, THROTTLE_SECONDS = 60 };

typedef struct {
    int64_t admitted_ns[THROTTLE_MESSAGES]; /* when the last ones were admitted; a ring */
    uint64_t admitted;
} throttle_t;

/* Whether a message that arrives now is acted upon. One that is not does not count. */
static inline bool throttle_admit(throttle_t *self, int64_t now_ns)
{
    int64_t *oldest = &self->admitted_ns[self->admitted % THROTTLE_MESSAGES];
    if (self->admitted >= THROTTLE_MESSAGES && now_ns - *oldest < THROTTLE_SECONDS * INT64_C(1000000000))
        return false;
    *oldest = now_ns;
    self->admitted++;
    return true;
}
