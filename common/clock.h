/* The two clocks. What decides by time takes `now` as an argument, so that tests say what time it is. */
#pragma once

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* Nanoseconds since 1970 (CLOCK_REALTIME): for what is written down. It may jump. */
int64_t clock_real_ns(void);

/* Nanoseconds since some moment (CLOCK_MONOTONIC): for intervals. It never goes back. */
int64_t clock_mono_ns(void);
