/* The CPU time of other processes. */
#pragma once

#include <stdint.h>

/* Of all its threads, ns; 0 when there is no such process. */
int64_t watch_cpu_ns(int pid);
