#include "connectord/lines/rotation.h"

#include "common/log.h"

#include <stdlib.h>

enum { RETRY_MS = 1000 };

struct rotation {
    rotation_turn_fn *on_turn;
    void *arg;
    loop_timer_t *timer;
    uint32_t step_ms; /* from one line's turn to the next one's; 0: lines are not rotated */
    size_t lines, turn;
};

/* 0: never. */
static uint32_t every_ms(const source_config_t *config, const connector_t *connector)
{
    if (config->lines > 1 || (connector && connector->past)) {
        uint32_t lives_ms = connector ? connector->lives_ms : 0;
        return config->rotate_ms > 0 ? config->rotate_ms : lives_ms - lives_ms / 10;
    }
    if (config->rotate_ms > 0)
        log_warn("lines: a single line can't be rotated: what it would miss can't be asked for",
                 LOG_SLICE("source", config->name));
    return 0;
}

static void on_timer(void *arg)
{
    rotation_t *self = arg;
    uint32_t wait_ms = self->step_ms;
    if (self->on_turn(self->arg, self->turn))
        self->turn = (self->turn + 1) % self->lines;
    else if (wait_ms > RETRY_MS)
        wait_ms = RETRY_MS;
    loop_timer_start(self->timer, wait_ms, 0);
}

rotation_t *rotation_new(loop_t *loop, const source_config_t *config, const connector_t *connector, rotation_turn_fn *on_turn,
                         void *arg)
{
    uint32_t ms = every_ms(config, connector);
    rotation_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    *self = (rotation_t){.on_turn = on_turn, .arg = arg, .lines = config->lines, .step_ms = ms / config->lines};
    self->step_ms += ms > 0 && self->step_ms == 0;
    if (!(self->timer = loop_timer_new(loop, on_timer, self)))
        rotation_destroy(&self);
    return self;
}

void rotation_start(rotation_t *self)
{
    if (self->step_ms > 0)
        loop_timer_start(self->timer, self->step_ms, 0);
}

void rotation_stop(rotation_t *self)
{
    loop_timer_stop(self->timer);
}

void rotation_destroy(rotation_t **self_ref)
{
    rotation_t *self = *self_ref;
    if (!self)
        return;
    loop_timer_destroy(&self->timer);
    free(self);
    *self_ref = NULL;
}
