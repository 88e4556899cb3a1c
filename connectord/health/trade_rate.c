#include "connectord/health/trade_rate.h"

#include "common/clock.h"

#include <math.h>

/* The shortest silence that is stale: exp(-t/mean) < p is t > -mean·ln p. */
static double limit_ns(const trade_rate_t *self, const trade_rate_config_t *config)
{
    double unlikely_ns = -log(config->probability) * self->mean_ns;
    double minimum_ns = (double)config->minimum_ms * (double)NS_PER_MS;
    return unlikely_ns > minimum_ns ? unlikely_ns : minimum_ns;
}

static void learn(trade_rate_t *self, double interval_ns)
{
    if (self->arrivals < TRADE_RATE_MEMORY)
        self->arrivals++;
    self->mean_ns += (interval_ns - self->mean_ns) / self->arrivals;
}

void trade_rate_expect(trade_rate_t *self, int64_t now_ns)
{
    self->arrived_ns = self->last_ns = now_ns;
    self->first = true;
    self->stale = false;
}

bool trade_rate_rest(trade_rate_t *self)
{
    bool was = self->stale;
    self->arrived_ns = self->last_ns = 0;
    self->stale = false;
    return was;
}

bool trade_rate_trade(trade_rate_t *self, const trade_rate_config_t *config, int64_t now_ns)
{
    if (self->last_ns == 0)
        return false;
    int64_t interval_ns = now_ns - self->arrived_ns;
    bool was = self->stale;
    self->last_ns = now_ns;
    self->stale = false;
    if (!self->first && interval_ns < TRADE_RATE_BURST_MS * NS_PER_MS)
        return was;
    if (!self->first)
        learn(self, was ? fmin((double)interval_ns, limit_ns(self, config)) : (double)interval_ns);
    self->first = false;
    self->arrived_ns = now_ns;
    return was;
}

bool trade_rate_check(trade_rate_t *self, const trade_rate_config_t *config, int64_t now_ns)
{
    if (!config->enabled || self->stale || self->last_ns == 0 || self->arrivals < TRADE_RATE_LEARN)
        return false;
    self->stale = (double)trade_rate_silence_ns(self, now_ns) > limit_ns(self, config);
    return self->stale;
}

bool trade_rate_is_busy(const trade_rate_t *self)
{
    return self->last_ns != 0 && self->arrivals >= TRADE_RATE_LEARN;
}

int64_t trade_rate_silence_ns(const trade_rate_t *self, int64_t now_ns)
{
    return self->last_ns == 0 ? 0 : now_ns - self->last_ns;
}
