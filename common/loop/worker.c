#include "common/loop/worker.h"

#include "common/log.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <uv.h>

typedef enum { IDLE, HANDED_OVER, FINISHED } job_state_t;

/* What the thread sees. It belongs to the worker, but to the thread once it is abandoned in the midst of a job. */
typedef struct {
    uv_mutex_t mutex;
    uv_cond_t changed;
    uv_async_t *finished; /* wakes the loop */
    worker_fn *work;
    void *arg;
    job_state_t state;
    bool ending;
} desk_t;

struct worker {
    desk_t *desk;
    uv_thread_t thread;
    worker_fn *done;
};

static void desk_free(desk_t *desk)
{
    uv_cond_destroy(&desk->changed);
    uv_mutex_destroy(&desk->mutex);
    free(desk);
}

static desk_t *desk_new(void)
{
    desk_t *desk = calloc(1, sizeof *desk);
    if (!desk)
        return NULL;
    if (uv_mutex_init(&desk->mutex) != 0) {
        free(desk);
        return NULL;
    }
    if (uv_cond_init(&desk->changed) != 0) {
        uv_mutex_destroy(&desk->mutex);
        free(desk);
        return NULL;
    }
    return desk;
}

static void work_once(desk_t *desk)
{
    worker_fn *work = desk->work;
    void *arg = desk->arg;
    uv_mutex_unlock(&desk->mutex);
    work(arg);
    uv_mutex_lock(&desk->mutex);
    if (desk->ending)
        return;
    desk->state = FINISHED;
    uv_cond_signal(&desk->changed);
    uv_async_send(desk->finished);
}

static void run_thread(void *arg)
{
    desk_t *desk = arg;
    uv_mutex_lock(&desk->mutex);
    while (!desk->ending) {
        if (desk->state == HANDED_OVER)
            work_once(desk);
        else
            uv_cond_wait(&desk->changed, &desk->mutex);
    }
    bool abandoned = desk->state == HANDED_OVER;
    uv_mutex_unlock(&desk->mutex);
    if (abandoned)
        desk_free(desk);
}

static job_state_t state_of(const worker_t *self)
{
    uv_mutex_lock(&self->desk->mutex);
    job_state_t state = self->desk->state;
    uv_mutex_unlock(&self->desk->mutex);
    return state;
}

static void finish(worker_t *self)
{
    desk_t *desk = self->desk;
    uv_mutex_lock(&desk->mutex);
    desk->state = IDLE;
    uv_mutex_unlock(&desk->mutex);
    self->done(desk->arg);
}

static void on_finished(uv_async_t *handle)
{
    worker_t *self = handle->data;
    if (state_of(self) == FINISHED) /* else worker_wait was quicker */
        finish(self);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

/* Signals are the loop's: a client library's call must not be interrupted by them. */
static bool start_thread(worker_t *self)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = uv_thread_create(&self->thread, run_thread, self->desk);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

worker_t *worker_new(loop_t *loop)
{
    worker_t *self = calloc(1, sizeof *self);
    uv_async_t *finished = calloc(1, sizeof *finished);
    desk_t *desk = desk_new();
    if (!self || !finished || !desk || uv_async_init(loop_uv(loop), finished, on_finished) != 0)
        goto fail;
    finished->data = self;
    desk->finished = finished;
    self->desk = desk;
    if (start_thread(self))
        return self;
    uv_close((uv_handle_t *)finished, on_closed);
    finished = NULL;
fail:
    log_error("worker: no thread");
    if (desk)
        desk_free(desk);
    free(finished);
    free(self);
    return NULL;
}

void worker_run(worker_t *self, worker_fn *work, worker_fn *done, void *arg)
{
    desk_t *desk = self->desk;
    self->done = done;
    uv_mutex_lock(&desk->mutex);
    assert(desk->state == IDLE);
    desk->state = HANDED_OVER;
    desk->work = work;
    desk->arg = arg;
    uv_cond_signal(&desk->changed);
    uv_mutex_unlock(&desk->mutex);
}

bool worker_busy(const worker_t *self)
{
    return state_of(self) != IDLE;
}

bool worker_wait(worker_t *self, uint64_t timeout_ms)
{
    desk_t *desk = self->desk;
    uint64_t now = uv_hrtime(), until = now + timeout_ms * 1000000;
    uv_mutex_lock(&desk->mutex);
    while (desk->state == HANDED_OVER && now < until) {
        uv_cond_timedwait(&desk->changed, &desk->mutex, until - now);
        now = uv_hrtime();
    }
    job_state_t state = desk->state;
    uv_mutex_unlock(&desk->mutex);
    if (state == FINISHED)
        finish(self);
    return state != HANDED_OVER;
}

void worker_destroy(worker_t **self_p)
{
    worker_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    desk_t *desk = self->desk;
    uv_mutex_lock(&desk->mutex);
    bool abandoned = desk->state == HANDED_OVER;
    desk->ending = true;
    uv_cond_signal(&desk->changed);
    uv_close((uv_handle_t *)desk->finished, on_closed);
    uv_mutex_unlock(&desk->mutex);
    if (abandoned) {
        pthread_detach(self->thread);
    } else {
        uv_thread_join(&self->thread);
        desk_free(desk);
    }
    free(self);
}
