/* A period of time: what somebody may see of the past, or asks for. Both ends are exclusive, in ns since 1970. */
#pragma once

#include "common/json/json_write.h"

typedef struct {
    int64_t after_ns, before_ns; /* INT64_MIN, INT64_MAX: without that end */
} period_t;

#define PERIOD_ALL ((period_t){INT64_MIN, INT64_MAX})

static inline bool period_has(period_t self, int64_t ns)
{
    return ns > self.after_ns && ns < self.before_ns;
}

static inline bool period_is_all(period_t self)
{
    return self.after_ns == INT64_MIN && self.before_ns == INT64_MAX;
}

/* What is in both. */
static inline period_t period_both(period_t a, period_t b)
{
    return (period_t){.after_ns = a.after_ns > b.after_ns ? a.after_ns : b.after_ns,
                      .before_ns = a.before_ns < b.before_ns ? a.before_ns : b.before_ns};
}

/* Puts the ends that it has, as history takes them: "before":"2025-11-10T00:00:00.000000000Z","after":… */
void period_put(period_t self, json_writer_t *json);
