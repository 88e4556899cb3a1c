#include "proto/interval.h"

#include "common/clock.h"

static const struct {
    const char *name;
    int64_t seconds;
} intervals[INTERVALS] = {
    [INTERVAL_1S] = {"1s", 1},     [INTERVAL_1M] = {"1m", 60},   [INTERVAL_5M] = {"5m", 300},
    [INTERVAL_15M] = {"15m", 900}, [INTERVAL_1H] = {"1h", 3600}, [INTERVAL_1D] = {"1d", 86400},
};

bool interval_parse(text_t text, interval_t *interval)
{
    for (interval_t i = 0; i < INTERVALS; i++) {
        if (text_equal(text, text_of(intervals[i].name))) {
            *interval = i;
            return true;
        }
    }
    return false;
}

const char *interval_name(interval_t interval)
{
    return intervals[interval].name;
}

int64_t interval_ns(interval_t interval)
{
    return intervals[interval].seconds * NS_PER_S;
}
