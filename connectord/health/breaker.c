#include "connectord/health/breaker.h"

#include "common/clock.h"

enum { STATES = BREAKER_HALF_OPEN + 1, EVENTS = BREAKER_HELD + 1 };

typedef enum {
    IGNORE,
    COUNT, /* one failure more; opens when there were enough */
    OPEN,
    TRIAL,
    CLOSE
} action_t;

/* What is not listed is ignored. */
static const action_t actions[STATES][EVENTS] = {
    [BREAKER_CLOSED] = {[BREAKER_FAILED] = COUNT, [BREAKER_HELD] = CLOSE},
    [BREAKER_OPEN] = {[BREAKER_TRY] = TRIAL},
    [BREAKER_HALF_OPEN] = {[BREAKER_FAILED] = OPEN, [BREAKER_HELD] = CLOSE},
};

static const char *const names[STATES] = {
    [BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half_open"};

breaker_t breaker_new(breaker_config_t config)
{
    return (breaker_t){.config = config, .state = BREAKER_CLOSED};
}

static void open_it(breaker_t *self, int64_t now_ns)
{
    self->state = BREAKER_OPEN;
    self->opened_ns = now_ns;
}

static void count(breaker_t *self, int64_t now_ns)
{
    if (self->failed < UINT32_MAX)
        self->failed++;
    if (self->config.failures != 0 && self->failed >= self->config.failures)
        open_it(self, now_ns);
}

bool breaker_event(breaker_t *self, breaker_event_t event, int64_t now_ns)
{
    breaker_state_t was = self->state;
    switch (actions[was][event]) {
    case IGNORE:
        break;
    case COUNT:
        count(self, now_ns);
        break;
    case OPEN:
        open_it(self, now_ns);
        break;
    case TRIAL:
        self->state = BREAKER_HALF_OPEN;
        break;
    case CLOSE:
        self->state = BREAKER_CLOSED;
        self->failed = 0;
        break;
    }
    return self->state != was;
}

uint32_t breaker_wait_ms(const breaker_t *self, int64_t now_ns)
{
    if (self->state != BREAKER_OPEN)
        return 0;
    int64_t left_ns = self->opened_ns + self->config.open_ms * NS_PER_MS - now_ns;
    return left_ns > 0 ? (uint32_t)((left_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

const char *breaker_name(breaker_state_t state)
{
    return names[state];
}
