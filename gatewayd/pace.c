#include "gatewayd/pace.h"

#include <stdlib.h>

enum { TICK_MS = 1 };

struct pace {
    hub_t *hub;
    pace_clock_fn *clock;
    loop_timer_t *timer; /* runs while somebody waits */
    list_t waiting;      /* client_t.in_pace */
    int64_t ended_ns;    /* the last time that turns were taken */
};

static int64_t share_ns(int64_t others_ns)
{
    if (others_ns > PACE_MAX_MS * NS_PER_MS)
        return PACE_MAX_MS * NS_PER_MS;
    return others_ns < PACE_MIN_MS * NS_PER_MS ? PACE_MIN_MS * NS_PER_MS : others_ns;
}

static void run(pace_t *self)
{
    list_t *item;
    int64_t now_ns = self->clock(), until_ns = now_ns + share_ns(now_ns - self->ended_ns);
    while (now_ns < until_ns && (item = list_take(&self->waiting))) {
        client_take_turn(LIST_OWNER(item, client_t, in_pace));
        now_ns = self->clock();
    }
    self->ended_ns = now_ns;
}

static void on_tick(void *arg)
{
    pace_t *self = arg;
    self->hub->now_ns = clock_real_ns();
    run(self);
    if (list_empty(&self->waiting))
        loop_timer_stop(self->timer);
}

pace_t *pace_new(loop_t *loop, hub_t *hub, pace_clock_fn *clock)
{
    pace_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->hub = hub;
    self->clock = clock;
    list_init(&self->waiting);
    self->timer = loop_timer_new(loop, on_tick, self);
    if (!self->timer)
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
    free(self);
}

void pace_enter(pace_t *self, client_t *client)
{
    if (!self) {
        client_take_turn(client);
        return;
    }
    if (!list_linked(&client->in_pace))
        list_append(&self->waiting, &client->in_pace);
    if (!loop_timer_running(self->timer))
        loop_timer_start(self->timer, 0, TICK_MS); /* in the loop's next turn, and once in each */
}
