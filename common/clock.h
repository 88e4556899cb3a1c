/* The clocks. Code that decides by time takes `now` as an argument, so that tests set the time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* The range of valid times: from 1970-01-01T00:00:01Z to 2260-01-01T00:00:00Z, so that there is room on both sides to count in. */
#define CLOCK_REAL_MIN_S INT64_C(1)
#define CLOCK_REAL_MAX_S INT64_C(9151488000)

enum { CLOCK_STILL_MS = 500 };

/* Nanoseconds since 1970 (CLOCK_REALTIME): for what is written down. It may jump. A clock outside the range of valid times counts as
 * the nearer end. */
int64_t clock_real_ns(void);

/* Is it? */
bool clock_real_is_wrong(void);

/* Nanoseconds since some moment, without the time in which the process stood still (it was stopped, the machine swapped or was migrated):
 * for intervals, and for judging who is silent, since nobody can be heard then. It never goes back. Between two calls that are more than
 * CLOCK_STILL_MS apart the process stood still, provided that somebody calls it ten times a second (loop.h). */
int64_t clock_mono_ns(void);
void clock_watch(bool watched);

/* How long it has stood still in all. Changes only within clock_mono_ns. */
int64_t clock_stood_still_ns(void);

/* Nanoseconds since some moment (CLOCK_MONOTONIC), all of them. */
int64_t clock_steady_ns(void);
