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
} worker_shared_t;

struct worker {
    worker_shared_t *shared;
    uv_thread_t thread;
    worker_fn *done;
};

static void shared_free(worker_shared_t *shared)
{
    uv_cond_destroy(&shared->changed);
    uv_mutex_destroy(&shared->mutex);
    free(shared);
}

static worker_shared_t *shared_new(void)
{
    worker_shared_t *shared = calloc(1, sizeof *shared);
    if (!shared)
        return NULL;
    if (uv_mutex_init(&shared->mutex) != 0) {
        free(shared);
        return NULL;
    }
    if (uv_cond_init(&shared->changed) != 0) {
        uv_mutex_destroy(&shared->mutex);
        free(shared);
        return NULL;
    }
    return shared;
}

static void work_once(worker_shared_t *shared)
{
    worker_fn *work = shared->work;
    void *arg = shared->arg;
    uv_mutex_unlock(&shared->mutex);
    work(arg);
    uv_mutex_lock(&shared->mutex);
    if (shared->ending)
        return;
    shared->state = FINISHED;
    uv_cond_signal(&shared->changed);
    uv_async_send(shared->finished);
}

static void run_thread(void *arg)
{
    worker_shared_t *shared = arg;
    uv_mutex_lock(&shared->mutex);
    while (!shared->ending) {
        if (shared->state == HANDED_OVER)
            work_once(shared);
        else
            uv_cond_wait(&shared->changed, &shared->mutex);
    }
    bool abandoned = shared->state == HANDED_OVER;
    uv_mutex_unlock(&shared->mutex);
    if (abandoned)
        shared_free(shared);
}

static job_state_t state_of(const worker_t *self)
{
    uv_mutex_lock(&self->shared->mutex);
    job_state_t state = self->shared->state;
    uv_mutex_unlock(&self->shared->mutex);
    return state;
}

static void finish(worker_t *self)
{
    worker_shared_t *shared = self->shared;
    uv_mutex_lock(&shared->mutex);
    shared->state = IDLE;
    uv_mutex_unlock(&shared->mutex);
    self->done(shared->arg);
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
    int rc = uv_thread_create(&self->thread, run_thread, self->shared);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

worker_t *worker_new(loop_t *loop)
{
    worker_t *self = calloc(1, sizeof *self);
    uv_async_t *finished = calloc(1, sizeof *finished);
    worker_shared_t *shared = shared_new();
    if (!self || !finished || !shared || uv_async_init(loop_uv(loop), finished, on_finished) != 0)
        goto fail;
    finished->data = self;
    shared->finished = finished;
    self->shared = shared;
    if (start_thread(self))
        return self;
    uv_close((uv_handle_t *)finished, on_closed);
    finished = NULL;
fail:
    log_error("worker: can't create a thread");
    if (shared)
        shared_free(shared);
    free(finished);
    free(self);
    return NULL;
}

void worker_run(worker_t *self, worker_fn *work, worker_fn *done, void *arg)
{
    worker_shared_t *shared = self->shared;
    self->done = done;
    uv_mutex_lock(&shared->mutex);
    assert(shared->state == IDLE);
    shared->state = HANDED_OVER;
    shared->work = work;
    shared->arg = arg;
    uv_cond_signal(&shared->changed);
    uv_mutex_unlock(&shared->mutex);
}

bool worker_busy(const worker_t *self)
{
    return state_of(self) != IDLE;
}

bool worker_wait(worker_t *self, uint64_t timeout_ms)
{
    worker_shared_t *shared = self->shared;
    uint64_t now = uv_hrtime(), until = now + timeout_ms * 1000000;
    uv_mutex_lock(&shared->mutex);
    while (shared->state == HANDED_OVER && now < until) {
        uv_cond_timedwait(&shared->changed, &shared->mutex, until - now);
        now = uv_hrtime();
    }
    job_state_t state = shared->state;
    uv_mutex_unlock(&shared->mutex);
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
    worker_shared_t *shared = self->shared;
    uv_mutex_lock(&shared->mutex);
    bool abandoned = shared->state == HANDED_OVER;
    shared->ending = true;
    uv_cond_signal(&shared->changed);
    uv_close((uv_handle_t *)shared->finished, on_closed);
    uv_mutex_unlock(&shared->mutex);
    if (abandoned) {
        pthread_detach(self->thread);
    } else {
        uv_thread_join(&self->thread);
        shared_free(shared);
    }
    free(self);
}
