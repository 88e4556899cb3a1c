#include "common/clock.h"

#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now); /* can't fail for these two clocks */
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_real_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t clock_mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}
