#include "common/loop/loop.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/loop/descriptors.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <uv.h>

enum { LAG_MS = 100 };

struct loop {
    uv_loop_t uv;
    uv_timer_t lag_timer;
    int64_t lag_due_ns; /* clock_steady_ns */
    int64_t told_ns;    /* of clock_stood_still_ns: it is logged */
    log_limit_t clock_limit;
    histogram_t lag;
    uv_prepare_t turn;
    uint64_t turns;
    int64_t started_ns;
    uv_signal_t terminate, interrupt, hangup;
    loop_hangup_fn *on_hangup; /* NULL: nobody heeds it */
    void *hangup_arg;
    int exit_code;
    bool stopped;
};

struct loop_turn {
    uv_prepare_t uv;
    loop_turn_fn *turn;
    void *arg;
};

struct loop_timer {
    uv_timer_t uv;
    int64_t due_ns;   /* clock_mono_ns */
    int64_t stood_ns; /* clock_stood_still_ns, when it was started */
    loop_timer_fn *fire;
    void *arg;
};

static void on_signal(uv_signal_t *handle, int number)
{
    loop_t *self = handle->data;
    if (number == SIGHUP) {
        if (self->on_hangup)
            self->on_hangup(self->hangup_arg);
        return;
    }
    log_info("loop: stopping", LOG_TEXT("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"));
    loop_stop(self);
}

static void watch_signal(loop_t *self, uv_signal_t *handle, int number)
{
    uv_signal_init(&self->uv, handle);
    handle->data = self;
    uv_signal_start(handle, on_signal, number);
    uv_unref((uv_handle_t *)handle); /* a signal handler alone is no reason to live */
}

/* It is nothing to die for: who is asked for the time says the nearest that there is (clock.h). */
static void look_at_clock(loop_t *self)
{
    if (clock_real_is_wrong())
        log_warn_limited(&self->clock_limit,
                         "loop: the system's clock is wrong: expected a time from 1970 to 2259; using the nearest of these");
}

static void tell_standstill(loop_t *self)
{
    clock_mono_ns(); /* which notices it */
    int64_t stood_ns = clock_stood_still_ns();
    static log_limit_t limit;
    if (stood_ns == self->told_ns)
        return;
    log_warn_limited(&limit, "loop: the process stood still",
                     LOG_U64("ms", (uint64_t)((stood_ns - self->told_ns) / NS_PER_MS)));
    if (limit.suppressed == 0) /* else the next line tells it as well */
        self->told_ns = stood_ns;
}

static void on_lag_timer(uv_timer_t *handle)
{
    loop_t *self = handle->data;
    int64_t now_ns = clock_steady_ns();
    tell_standstill(self); /* which asks the clock */
    look_at_clock(self);
    histogram_note(&self->lag, now_ns - self->lag_due_ns);
    self->lag_due_ns = now_ns + LAG_MS * NS_PER_MS;
    uv_update_time(&self->uv); /* else what this turn of the loop took so far would go uncounted */
    uv_timer_start(handle, on_lag_timer, LAG_MS, 0);
}

/* Measures how late timers fire: what every callback that takes long costs all others. */
static void watch_lag(loop_t *self)
{
    uv_timer_init(&self->uv, &self->lag_timer);
    self->lag_timer.data = self;
    self->lag_due_ns = clock_steady_ns() + LAG_MS * NS_PER_MS;
    uv_timer_start(&self->lag_timer, on_lag_timer, LAG_MS, 0);
    uv_unref((uv_handle_t *)&self->lag_timer);
}

static void count_turn(uv_prepare_t *handle)
{
    loop_t *self = handle->data;
    self->turns++;
}

static void count_turns(loop_t *self)
{
    uv_prepare_init(&self->uv, &self->turn);
    self->turn.data = self;
    uv_prepare_start(&self->turn, count_turn);
    uv_unref((uv_handle_t *)&self->turn);
}

loop_t *loop_new(void)
{
    if (!descriptors_suffice())
        return NULL;
    loop_t *self = calloc(1, sizeof *self);
    if (!self || uv_loop_init(&self->uv) != 0) {
        log_error("loop: can't create an event loop");
        free(self);
        return NULL;
    }
    self->started_ns = clock_real_ns();
    signal(SIGPIPE, SIG_IGN);
    watch_signal(self, &self->terminate, SIGTERM);
    watch_signal(self, &self->interrupt, SIGINT);
    watch_signal(self, &self->hangup, SIGHUP);
    watch_lag(self);
    look_at_clock(self);
    self->told_ns = clock_stood_still_ns();
    count_turns(self);
    return self;
}

int loop_run(loop_t *self)
{
    clock_watch(true);
    while (!self->stopped && uv_run(&self->uv, UV_RUN_DEFAULT) != 0)
        ; /* uv_run also returns when libwebsockets calls uv_stop on a loop that it thinks its own */
    clock_watch(false);
    self->stopped = false;
    return self->exit_code;
}

void loop_stop(loop_t *self)
{
    self->stopped = true;
    uv_stop(&self->uv);
}

void loop_fail(loop_t *self)
{
    self->exit_code = EXIT_FAILURE;
    loop_stop(self);
}

void loop_on_hangup(loop_t *self, loop_hangup_fn *hangup, void *arg)
{
    self->on_hangup = hangup;
    self->hangup_arg = arg;
}

void loop_destroy(loop_t **self_p)
{
    loop_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    uv_close((uv_handle_t *)&self->terminate, NULL);
    uv_close((uv_handle_t *)&self->interrupt, NULL);
    uv_close((uv_handle_t *)&self->hangup, NULL);
    uv_close((uv_handle_t *)&self->lag_timer, NULL);
    uv_close((uv_handle_t *)&self->turn, NULL);
    while (uv_run(&self->uv, UV_RUN_DEFAULT) != 0)
        ; /* an earlier uv_stop may end a run too soon */
    int rc = uv_loop_close(&self->uv);
    assert(rc == 0); /* else a part was not destroyed */
    (void)rc;
    free(self);
}

int64_t loop_started_ns(const loop_t *self)
{
    return self->started_ns;
}

const histogram_t *loop_lag(const loop_t *self)
{
    return &self->lag;
}

uint64_t loop_turns(const loop_t *self)
{
    return self->turns;
}

struct uv_loop_s *loop_uv(loop_t *self)
{
    return &self->uv;
}

static void on_timer(uv_timer_t *handle);

static void await(loop_timer_t *self, uint64_t delay_ms)
{
    self->due_ns = clock_mono_ns() + (int64_t)delay_ms * NS_PER_MS;
    self->stood_ns = clock_stood_still_ns();
}

/* libuv's time goes on while the process stands still, and libuv looks at its timers before it looks what has come: what came meanwhile is read first,
 * and then the rest of the time has to pass. */
static bool is_too_soon(loop_timer_t *self)
{
    int64_t now_ns = clock_mono_ns();
    if (clock_stood_still_ns() == self->stood_ns)
        return false;
    int64_t left_ms = (self->due_ns - now_ns) / NS_PER_MS;
    uv_timer_start(&self->uv, on_timer, left_ms > 0 ? (uint64_t)left_ms : 1, uv_timer_get_repeat(&self->uv));
    self->stood_ns = clock_stood_still_ns();
    return true;
}

static void on_timer(uv_timer_t *handle)
{
    loop_timer_t *self = handle->data;
    if (is_too_soon(self))
        return;
    uint64_t repeat_ms = uv_timer_get_repeat(handle);
    if (repeat_ms > 0)
        await(self, repeat_ms);
    self->fire(self->arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

loop_timer_t *loop_timer_new(loop_t *loop, loop_timer_fn *fire, void *arg)
{
    loop_timer_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->fire = fire;
    self->arg = arg;
    uv_timer_init(&loop->uv, &self->uv);
    self->uv.data = self;
    return self;
}

void loop_timer_start(loop_timer_t *self, uint64_t delay_ms, uint64_t repeat_ms)
{
    uv_update_time(self->uv.loop); /* else a delay counts from when this turn of the loop began */
    await(self, delay_ms);
    uv_timer_start(&self->uv, on_timer, delay_ms, repeat_ms);
}

void loop_timer_stop(loop_timer_t *self)
{
    uv_timer_stop(&self->uv);
}

bool loop_timer_running(const loop_timer_t *self)
{
    return uv_is_active((const uv_handle_t *)&self->uv);
}

void loop_timer_destroy(loop_timer_t **self_p)
{
    loop_timer_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    uv_close((uv_handle_t *)&self->uv, on_timer_closed);
}

static void on_turn(uv_prepare_t *handle)
{
    loop_turn_t *self = handle->data;
    self->turn(self->arg);
}

static void on_turn_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* libuv calls first what was started last: before the sockets look whether there is something for them (socket.c). */
loop_turn_t *loop_turn_new(loop_t *loop, loop_turn_fn *turn, void *arg)
{
    loop_turn_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->turn = turn;
    self->arg = arg;
    uv_prepare_init(&loop->uv, &self->uv);
    self->uv.data = self;
    uv_prepare_start(&self->uv, on_turn);
    uv_unref((uv_handle_t *)&self->uv);
    return self;
}

void loop_turn_destroy(loop_turn_t **self_p)
{
    loop_turn_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    uv_close((uv_handle_t *)&self->uv, on_turn_closed);
}
