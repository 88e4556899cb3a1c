#include "common/loop/share.h"

#include "common/clock.h"

#include <stdlib.h>
#include <uv.h>

struct share {
    uv_idle_t idle; /* runs while there is work, and keeps the loop from sleeping */
    loop_t *loop;
    int64_t slice_ns;
    share_work_fn *work;
    void *arg;
    list_t line;   /* share_waiter_t.in_line */
    uint64_t turn; /* of the loop, that this counts: */
    int64_t used_ns;
    int64_t begun_ns;
    unsigned depth; /* pieces within pieces */
    bool any;       /* a piece was begun in this turn */
};

static bool serve_next(void *arg)
{
    share_t *self = arg;
    list_t *first = list_take(&self->line);
    if (first) {
        share_waiter_t *waiter = LIST_OWNER(first, share_waiter_t, in_line);
        waiter->serve(waiter);
    }
    return !list_empty(&self->line);
}

share_t *share_new(loop_t *loop, unsigned slice_us, share_work_fn *work, void *arg)
{
    share_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->loop = loop;
    self->slice_ns = slice_us * NS_PER_MS / 1000;
    self->work = work ? work : serve_next;
    self->arg = work ? arg : self;
    list_init(&self->line);
    uv_idle_init(loop_uv(loop), &self->idle);
    self->idle.data = self;
    return self;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void share_destroy(share_t **self_p)
{
    share_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    uv_close((uv_handle_t *)&self->idle, on_closed);
}

static bool begin(share_t *self)
{
    if (self->depth++ > 0)
        return true;
    uint64_t turn = loop_turns(self->loop);
    if (turn != self->turn) {
        self->turn = turn;
        self->used_ns = 0;
        self->any = false;
    }
    if (self->any && self->used_ns >= self->slice_ns) {
        self->depth--;
        return false;
    }
    self->any = true;
    self->begun_ns = clock_mono_ns();
    return true;
}

bool share_begin(share_t *self)
{
    if (!self)
        return true;
    return (self->depth > 0 || list_empty(&self->line)) && begin(self);
}

void share_wait(share_t *self, share_waiter_t *waiter)
{
    if (!list_linked(&waiter->in_line))
        list_append(&self->line, &waiter->in_line);
    share_wake(self);
}

void share_end(share_t *self)
{
    if (self && --self->depth == 0)
        self->used_ns += clock_mono_ns() - self->begun_ns;
}

static void on_idle(uv_idle_t *handle)
{
    share_run(handle->data);
}

void share_wake(share_t *self)
{
    if (self)
        uv_idle_start(&self->idle, on_idle);
}

void share_run(share_t *self)
{
    bool more = true, time = true;
    if (!self)
        return;
    if (begin(self)) {
        while (more && time) {
            more = self->work(self->arg);
            time = self->used_ns + clock_mono_ns() - self->begun_ns < self->slice_ns;
        }
        share_end(self);
    }
    if (more)
        share_wake(self);
    else
        uv_idle_stop(&self->idle);
}
