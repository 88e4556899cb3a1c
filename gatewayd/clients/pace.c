#include "gatewayd/clients/pace.h"

#include <stdlib.h>

enum { TICK_MS = 1 };

struct pace {
    hub_t *hub;
    share_t *share;      /* of the loop's time */
    loop_timer_t *timer; /* runs while somebody waits */
    list_t waiting;      /* client_t.in_pace */
    int64_t credit;      /* bytes */
    int64_t credited_ns; /* up to hub_t.now_ns then */
    bool running;
};

static void earn(pace_t *self)
{
    int64_t now_ns = self->hub->now_ns, elapsed_ns = now_ns - self->credited_ns;
    if (elapsed_ns < 0)
        elapsed_ns = 0; /* the clock was set */
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
        uint64_t before = self->hub->counts.bytes;
        client_take_turn(LIST_OWNER(list_take(&self->waiting), client_t, in_pace));
        self->credit -= (int64_t)(self->hub->counts.bytes - before) + PACE_TURN_BYTES;
        share_end(self->share);
    }
    self->running = false;
}

static void on_tick(void *arg)
{
    pace_t *self = arg;
    self->hub->now_ns = clock_real_ns();
    run(self);
    if (list_empty(&self->waiting))
        loop_timer_stop(self->timer);
}

pace_t *pace_new(loop_t *loop, hub_t *hub)
{
    pace_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->hub = hub;
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

void pace_enter(pace_t *self, client_t *client)
{
    if (!self) {
        client_take_turn(client);
        return;
    }
    if (!list_linked(&client->in_pace))
        list_append(&self->waiting, &client->in_pace);
    if (self->running || loop_timer_running(self->timer))
        return; /* it comes to it */
    run(self);
    if (!list_empty(&self->waiting))
        loop_timer_start(self->timer, TICK_MS, TICK_MS);
}
