#include "gatewayd/clients/pace.h"

#include "common/clock.h"
#include "common/loop/share.h"

#include <stdlib.h>

enum { TICK_MS = 1 };

struct pace {
    const uint64_t *sent; /* bytes */
    share_t *share;       /* of the loop's time */
    loop_timer_t *timer;  /* runs while somebody waits */
    list_t waiting;       /* pace_turn_t.in_pace */
    int64_t credit;       /* bytes */
    int64_t credited_ns;  /* up to then: CLOCK_MONOTONIC */
    bool running;
};

static void earn(pace_t *self)
{
    int64_t now_ns = clock_mono_ns(), elapsed_ns = now_ns - self->credited_ns;
    if (elapsed_ns > PACE_BURST_MS * NS_PER_MS)
        elapsed_ns = PACE_BURST_MS * NS_PER_MS;
    self->credited_ns = now_ns;
    self->credit += elapsed_ns * PACE_BYTES_PER_MS / NS_PER_MS;
    if (self->credit > (int64_t)PACE_BURST_MS * PACE_BYTES_PER_MS)
        self->credit = (int64_t)PACE_BURST_MS * PACE_BYTES_PER_MS;
}

static void run(pace_t *self)
{
    self->running = true;
    earn(self);
    while (self->credit > 0 && !list_empty(&self->waiting) && share_begin(self->share)) {
        uint64_t before = *self->sent;
        pace_turn_t *turn = LIST_OWNER(list_take(&self->waiting), pace_turn_t, in_pace);
        turn->take(turn);
        self->credit -= (int64_t)(*self->sent - before) + PACE_TURN_BYTES;
        share_end(self->share);
    }
    self->running = false;
}

static void on_tick(void *arg)
{
    pace_t *self = arg;
    run(self);
    if (list_empty(&self->waiting))
        loop_timer_stop(self->timer);
}

void pace_turn_init(pace_turn_t *self, void (*take)(pace_turn_t *self))
{
    list_init(&self->in_pace);
    self->take = take;
}

void pace_turn_leave(pace_turn_t *self)
{
    list_remove(&self->in_pace);
}

pace_t *pace_new(loop_t *loop, const uint64_t *sent)
{
    pace_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->sent = sent;
    list_init(&self->waiting);
    self->share = share_new(loop, SHARE_CATCHING_US, NULL, NULL);
    self->timer = loop_timer_new(loop, on_tick, self);
    if (!self->share || !self->timer)
        pace_destroy(&self);
    return self;
}

void pace_destroy(pace_t **self_p)
{
    pace_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    while (list_take(&self->waiting))
        ;
    loop_timer_destroy(&self->timer);
    share_destroy(&self->share);
    free(self);
}

void pace_enter(pace_t *self, pace_turn_t *turn)
{
    if (!self) {
        turn->take(turn);
        return;
    }
    if (!list_linked(&turn->in_pace))
        list_append(&self->waiting, &turn->in_pace);
    if (self->running || loop_timer_running(self->timer))
        return; /* it comes to it */
    run(self);
    if (!list_empty(&self->waiting))
        loop_timer_start(self->timer, TICK_MS, TICK_MS);
}
