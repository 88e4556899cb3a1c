/* The two clocks. */
#pragma once

#include <stdint.h>
#include <time.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

static inline int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Nanoseconds since 1970: for what is written down. It may jump. */
static inline int64_t clock_real_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

/* Nanoseconds since some moment: for intervals. It never goes back. */
static inline int64_t clock_mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}
