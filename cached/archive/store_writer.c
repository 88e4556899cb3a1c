#include "cached/archive/store_writer.h"

#include <assert.h>
#include <stdlib.h>

#include "cached/stores/store_url.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/loop/worker.h"

enum { URL_SHOWN_MAX = 256 };

static const backoff_config_t away_backoff = {.initial_ms = 100, .maximum_ms = 30000, .multiplier = 2, .jitter = 0.2};
static const backoff_config_t refused_backoff = {.initial_ms = 1000, .maximum_ms = 30000, .multiplier = 2, .jitter = 0.2};

/* What the thread works on. */
typedef struct {
    store_handle_t handle;
    store_job_fn *job;
    void *arg;
    store_result_t result;
    char error[STORE_ERROR_MAX];
} store_writer_task_t;

struct store_writer {
    worker_t *worker;
    store_writer_task_t task; /* the thread's while the worker is busy */
    store_writer_done_fn *done;
    loop_timer_t *rest;
    void (*rested)(void *arg);
    void *arg;
    backoff_t away, refused;
    store_result_t result;
    char error[STORE_ERROR_MAX];
    uint64_t errors;
    bool seen;    /* it has been open once */
    bool looking; /* the job under way only reads */
};

static void work(void *arg)
{
    store_writer_task_t *task = &((store_writer_t *)arg)->task;
    task->error[0] = '\0';
    task->result = store_handle_use(&task->handle, task->job, task->arg, task->error);
}

static void tell_up(store_writer_t *self)
{
    static log_limit_t limit;
    char shown[URL_SHOWN_MAX];
    if (self->seen && self->result == STORE_OK)
        return;
    store_url_shown(self->task.handle.url, shown, sizeof shown);
    log_info_limited(&limit, self->seen ? "store: available again" : "store: open", LOG_TEXT("store", shown));
}

static void tell_down(store_writer_t *self)
{
    static log_limit_t limit;
    char shown[URL_SHOWN_MAX];
    bool same = self->result == self->task.result && strcmp(self->error, self->task.error) == 0;
    if (same)
        return;
    store_url_shown(self->task.handle.url, shown, sizeof shown);
    if (self->task.result == STORE_AWAY)
        log_warn_limited(&limit, "store: not available; history continues in memory", LOG_TEXT("store", shown),
                         LOG_TEXT("error", self->task.error));
    else
        log_error_limited(&limit, "store: refused; history continues in memory", LOG_TEXT("store", shown),
                          LOG_TEXT("error", self->task.error));
}

static void take_success(store_writer_t *self)
{
    tell_up(self);
    self->seen = true;
    self->result = STORE_OK;
    self->error[0] = '\0';
    backoff_reset(&self->away);
    backoff_reset(&self->refused);
}

static void take_failure(store_writer_t *self)
{
    tell_down(self);
    self->errors++;
    self->result = self->task.result;
    memcpy(self->error, self->task.error, sizeof self->error);
    loop_timer_start(self->rest, backoff_next(self->result == STORE_AWAY ? &self->away : &self->refused), 0);
}

static void on_worked(void *arg)
{
    store_writer_t *self = arg;
    store_result_t result = self->task.result;
    if (result != STORE_OK)
        take_failure(self);
    else if (!self->looking || self->result == STORE_OK)
        take_success(self);
    self->done(self->task.arg, result);
}

static void on_rested(void *arg)
{
    store_writer_t *self = arg;
    self->rested(self->arg);
}

store_writer_t *store_writer_new(loop_t *loop, const store_kind_t *kind, const char *url, void (*rested)(void *arg), void *arg)
{
    store_writer_t *self = calloc(1, sizeof *self);
    if (!self) {
        log_error("store: out of memory");
        return NULL;
    }
    self->task.handle = (store_handle_t){.kind = kind, .url = url};
    self->rested = rested;
    self->arg = arg;
    uint64_t seed = (uint64_t)clock_real_ns();
    self->away = backoff_new(away_backoff, seed);
    self->refused = backoff_new(refused_backoff, seed);
    self->worker = worker_new(loop);
    self->rest = loop_timer_new(loop, on_rested, self);
    if (!self->worker || !self->rest)
        store_writer_destroy(&self);
    return self;
}

static void ignore(void *arg)
{
    (void)arg;
}

static void close_store(void *arg)
{
    store_handle_close(&((store_writer_t *)arg)->task.handle);
}

bool store_writer_destroy(store_writer_t **self_p)
{
    store_writer_t *self = *self_p;
    if (!self)
        return true;
    *self_p = NULL;
    loop_timer_destroy(&self->rest);
    bool ended = !self->worker || !worker_busy(self->worker);
    if (ended && self->worker) {
        worker_run(self->worker, close_store, ignore, self);
        worker_wait(self->worker, UINT32_MAX);
    }
    worker_destroy(&self->worker);
    if (ended)
        free(self);
    return ended;
}

bool store_writer_idle(const store_writer_t *self)
{
    return !worker_busy(self->worker) && !loop_timer_running(self->rest);
}

static void run(store_writer_t *self, store_job_fn *job, store_writer_done_fn *done, void *arg, bool looking)
{
    assert(store_writer_idle(self));
    self->looking = looking;
    self->task.job = job;
    self->task.arg = arg;
    self->done = done;
    worker_run(self->worker, work, on_worked, self);
}

void store_writer_run(store_writer_t *self, store_job_fn *job, store_writer_done_fn *done, void *arg)
{
    run(self, job, done, arg, false);
}

void store_writer_look(store_writer_t *self, store_job_fn *job, store_writer_done_fn *done, void *arg)
{
    run(self, job, done, arg, true);
}

void store_writer_believe(store_writer_t *self)
{
    if (self->result != STORE_OK)
        take_success(self);
}

bool store_writer_wait(store_writer_t *self, uint64_t timeout_ms)
{
    return worker_wait(self->worker, timeout_ms);
}

store_result_t store_writer_result(const store_writer_t *self)
{
    return self->result;
}

const char *store_writer_error(const store_writer_t *self)
{
    return self->error;
}

uint64_t store_writer_errors(const store_writer_t *self)
{
    return self->errors;
}
