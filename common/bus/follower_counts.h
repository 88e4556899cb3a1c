/* What a follower counts, of one stream or of all. */
#pragma once

#include <stdint.h>

typedef struct {
    uint64_t trades, duplicates, malformed, gaps_seen, gaps_repaired, gaps_lost;
    uint64_t ahead; /* now: streams of which more was had than their connectord has, although it was told (ahead.h) */
} follower_counts_t;
