/* The buses that are followed, and what is heard of them. */
#pragma once

#include "common/bus/follower.h"

enum { BUSES_MAX = 16 };

typedef struct {
    const char *endpoints[BUSES_MAX];
    bool silent[BUSES_MAX]; /* which of them are */
    size_t count;
    bool following;            /* every one is heard */
    follower_counts_t counted; /* as of the last tick */
} buses_t;
