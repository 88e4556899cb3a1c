#include "cached/answers/store_reader.h"

#include <assert.h>
#include <stdlib.h>

#include "cached/stores/store_handle.h"
#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/loop/worker.h"

enum { CLOSE_MS = 1000 /* how long a look under way is waited for at the end */ };

static const backoff_config_t retry = {.initial_ms = 100, .maximum_ms = 10000, .multiplier = 2, .jitter = 0.2};

struct store_reader {
    worker_t *worker;
    chunk_t *chunks[MERGE_MAX];
    bool wanted[MERGE_MAX];
    store_reader_fn *done;
    void *arg;

    /* The thread's during a look. */
    store_handle_t handle;
    size_t read; /* the chunks below it have come */
    backoff_t backoff;
    int64_t retry_ns; /* not opened before */
    store_result_t result;
    char error[STORE_ERROR_MAX];

    bool failing; /* and logged */
};

static store_result_t read_wanted(void *arg, const store_kind_t *kind, void *store, char *error)
{
    store_reader_t *self = arg;
    store_result_t result = STORE_OK;
    for (; self->read < MERGE_MAX && result == STORE_OK; self->read += result == STORE_OK) {
        chunk_t *chunk = self->chunks[self->read];
        if (self->wanted[self->read])
            result = kind->read.range(store, chunk_query(chunk), chunk_take, chunk, error);
    }
    return result;
}

static void put_off(store_reader_t *self, int64_t now_ns)
{
    if (now_ns >= self->retry_ns)
        self->retry_ns = now_ns + (int64_t)backoff_next(&self->backoff) * NS_PER_MS;
}

/* On the thread. What has failed just now is not opened, and fails as before. */
static void look(void *arg)
{
    store_reader_t *self = arg;
    self->read = 0;
    if (self->handle.store || clock_mono_ns() >= self->retry_ns)
        self->result = store_handle_use(&self->handle, read_wanted, self, self->error);
    for (size_t i = 0; i < MERGE_MAX; i++)
        if (self->wanted[i])
            chunk_end(self->chunks[i], i < self->read ? STORE_OK : self->result);
    if (self->result == STORE_OK)
        backoff_reset(&self->backoff);
    else
        put_off(self, clock_mono_ns());
}

/* Back on the loop. */
static void looked(void *arg)
{
    store_reader_t *self = arg;
    bool failed = self->result != STORE_OK;
    memset(self->wanted, 0, sizeof self->wanted);
    if (failed && !self->failing)
        log_warn("history: can't read the store: answering from memory only", LOG_TEXT("error", self->error));
    else if (!failed && self->failing)
        log_info("history: the store is readable again");
    self->failing = failed;
    if (self->done)
        self->done(self->arg);
}

store_reader_t *store_reader_new(loop_t *loop, const store_kind_t *kind, const char *url)
{
    store_reader_t *self = calloc(1, sizeof *self);
    if (!self) {
        log_error("history: out of memory");
        return NULL;
    }
    self->handle = (store_handle_t){.kind = kind, .url = url};
    self->worker = worker_new(loop);
    self->backoff = backoff_new(retry, (uint64_t)clock_mono_ns());
    if (!self->worker)
        store_reader_destroy(&self);
    return self;
}

void store_reader_destroy(store_reader_t **self_p)
{
    store_reader_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    self->done = NULL;
    bool idle = !self->worker || worker_wait(self->worker, CLOSE_MS);
    worker_destroy(&self->worker);
    if (!idle)
        return; /* the thread uses it still, and the process ends */
    store_handle_close(&self->handle);
    for (size_t i = 0; i < MERGE_MAX; i++)
        chunk_destroy(&self->chunks[i]);
    free(self);
}

bool store_reader_want(store_reader_t *self, size_t number, const store_query_t *query)
{
    assert(number < MERGE_MAX && !store_reader_busy(self));
    if (!self->chunks[number] && !(self->chunks[number] = chunk_new()))
        return false;
    chunk_want(self->chunks[number], query);
    self->wanted[number] = true;
    return true;
}

const chunk_t *store_reader_chunk(const store_reader_t *self, size_t number)
{
    return self->chunks[number];
}

void store_reader_start(store_reader_t *self, store_reader_fn *done, void *arg)
{
    self->done = done;
    self->arg = arg;
    worker_run(self->worker, look, looked, self);
}

bool store_reader_busy(const store_reader_t *self)
{
    return worker_busy(self->worker);
}
