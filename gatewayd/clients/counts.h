/* What has been done for clients since the start. */
#pragma once

#include <stdint.h>

typedef struct {
    uint64_t clients;                                     /* that connected */
    uint64_t writes, bytes;                               /* to the clients' links */
    uint64_t trades;                                      /* from the rings; a gap counts as the trades it stands for */
    uint64_t looks;                                       /* at subscribes that wait, to see whether they can go on */
    uint64_t caught, conflated, disconnected, overflowed; /* clients that fell behind: by what became of them */
} hub_counts_t;
