#include "connectord/health/health.h"

#include "common/clock.h"
#include "common/timestamp.h"

#include <math.h>

#define SAMPLE_NS    (10 * NS_PER_MS)
#define WINDOW_NS    (300 * NS_PER_S)
#define LEAP_NS      (60 * NS_PER_S)
#define WORST_NS     (5.0 * (double)NS_PER_S)
#define GAP_HALF_NS  (60.0 * (double)NS_PER_S)
#define LOSS_HALF_NS (300.0 * (double)NS_PER_S)

static const double weight = 1.0 / 16, worst_delay = 30, each_gap = 10, worst_gaps = 30, each_loss = 10, worst_losses = 40,
                    worst_staleness = 40;

static double penalty(const health_penalty_t *self, double half_life_ns, int64_t now_ns)
{
    return self->points * exp2(-(double)(now_ns - self->since_ns) / half_life_ns);
}

/* Bounded, so that a bad hour is over soon after it. */
static void add_penalty(health_penalty_t *self, double points, double worst, double half_life_ns, int64_t now_ns)
{
    self->points = fmin(penalty(self, half_life_ns, now_ns) + points, worst);
    self->since_ns = now_ns;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void begin(health_t *self, int64_t now_ns)
{
    self->delay_ns = 0;
    self->least_ns = self->least_before_ns = INT64_MAX;
    self->window_ns = now_ns;
}

health_t health_new(void)
{
    health_t self = {0};
    begin(&self, 0);
    return self;
}

static void sample(health_t *self, int64_t offset_ns, int64_t now_ns)
{
    int64_t leap_ns = offset_ns - self->offset_ns;
    if (self->sampled_ns == 0 || leap_ns > LEAP_NS || leap_ns < -LEAP_NS)
        begin(self, now_ns);
    if (now_ns - self->window_ns >= WINDOW_NS) {
        self->least_before_ns = self->least_ns;
        self->least_ns = INT64_MAX;
        self->window_ns = now_ns;
    }
    self->least_ns = smaller(self->least_ns, offset_ns);
    int64_t delay_ns = offset_ns - smaller(self->least_ns, self->least_before_ns);
    self->delay_ns += ((double)delay_ns - self->delay_ns) * weight;
    self->offset_ns = offset_ns;
    self->sampled_ns = now_ns;
}

void health_message(health_t *self, text_t timestamp, int64_t received_ns, int64_t now_ns)
{
    int64_t sent_ns;
    if (self->sampled_ns != 0 && now_ns - self->sampled_ns < SAMPLE_NS)
        return;
    if (timestamp_parse(timestamp, &sent_ns))
        sample(self, received_ns - sent_ns, now_ns);
}

void health_gap(health_t *self, int64_t now_ns)
{
    add_penalty(&self->gaps, each_gap, worst_gaps, GAP_HALF_NS, now_ns);
}

void health_lost(health_t *self, int64_t now_ns)
{
    add_penalty(&self->losses, each_loss, worst_losses, LOSS_HALF_NS, now_ns);
}

uint32_t health_score(const health_t *self, size_t stale, size_t streams, int64_t now_ns)
{
    double score = HEALTH_BEST;
    score -= fmin(worst_delay * self->delay_ns / WORST_NS, worst_delay);
    score -= penalty(&self->gaps, GAP_HALF_NS, now_ns);
    score -= penalty(&self->losses, LOSS_HALF_NS, now_ns);
    if (streams > 0)
        score -= worst_staleness * (double)stale / (double)streams;
    return score > 0 ? (uint32_t)(score + 0.5) : 0;
}
