/* A query for recent trades, as in getRecentTrades: texts are slices owned by somebody else. */
#pragma once

#include "common/text.h"

typedef struct {
    text_t symbol, source; /* valid (topic.h); source: empty for all */
    uint64_t count;
    int64_t after_ns, before_ns; /* INT64_MIN: absent */
    text_t next;                 /* raw JSON, an object of cursors by source; empty: from the newest */
} recent_query_t;

/* Does it ask for anything but the newest? */
static inline bool recent_query_bounded(const recent_query_t *self)
{
    return self->next.length > 0 || self->before_ns != INT64_MIN || self->after_ns != INT64_MIN;
}
