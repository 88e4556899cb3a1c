#include "cached/answers/lookback.h"

#include <assert.h>
#include <stdlib.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/loop/worker.h"

enum { CLOSE_MS = 1000 /* how long a look under way is waited for at the end */ };

static const backoff_config_t retry = {.initial_ms = 100, .maximum_ms = 10000, .multiplier = 2, .jitter = 0.2};

struct lookback {
    worker_t *worker;
    const store_kind_t *kind;
    const char *url;
    chunk_t *chunks[MERGE_MAX];
    bool wanted[MERGE_MAX];
    lookback_fn *done;
    void *arg;

    /* The thread's during a look. */
    void *store; /* NULL: not open */
    backoff_t backoff;
    int64_t retry_ns; /* not opened before */
    store_result_t result;
    char error[STORE_ERROR_MAX];

    bool failing; /* and logged */
};

/* Opens the store where it is not open and has not failed just now. */
static bool is_open(lookback_t *self)
{
    if (self->store)
        return true;
    if (clock_mono_ns() < self->retry_ns)
        return false;
    self->result = self->kind->open(self->url, &self->store, self->error);
    return self->result == STORE_OK;
}

static void give_up(lookback_t *self)
{
    int64_t now_ns = clock_mono_ns();
    self->kind->close(self->store);
    self->store = NULL;
    if (now_ns >= self->retry_ns)
        self->retry_ns = now_ns + (int64_t)backoff_next(&self->backoff) * NS_PER_MS;
}

/* On the thread. */
static void look(void *arg)
{
    lookback_t *self = arg;
    bool good = is_open(self);
    for (size_t i = 0; i < MERGE_MAX; i++) {
        if (!self->wanted[i])
            continue;
        chunk_t *chunk = self->chunks[i];
        if (good)
            self->result = self->kind->range(self->store, chunk_query(chunk), chunk_take, chunk, self->error);
        good = good && self->result == STORE_OK;
        chunk_end(chunk, good ? STORE_OK : self->result);
    }
    if (good)
        backoff_reset(&self->backoff);
    else
        give_up(self);
}

/* Back on the loop. */
static void looked(void *arg)
{
    lookback_t *self = arg;
    bool failed = self->result != STORE_OK;
    memset(self->wanted, 0, sizeof self->wanted);
    if (failed && !self->failing)
        log_warn("history: the store can't be read: answers come from memory alone", LOG_TEXT("error", self->error));
    else if (!failed && self->failing)
        log_info("history: the store can be read again");
    self->failing = failed;
    if (self->done)
        self->done(self->arg);
}

lookback_t *lookback_new(loop_t *loop, const store_kind_t *kind, const char *url)
{
    lookback_t *self = calloc(1, sizeof *self);
    if (!self) {
        log_error("history: no memory");
        return NULL;
    }
    self->kind = kind;
    self->url = url;
    self->worker = worker_new(loop);
    self->backoff = backoff_new(retry, (uint64_t)clock_mono_ns());
    if (!self->worker)
        lookback_destroy(&self);
    return self;
}

void lookback_destroy(lookback_t **self_p)
{
    lookback_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    self->done = NULL;
    bool idle = !self->worker || worker_wait(self->worker, CLOSE_MS);
    worker_destroy(&self->worker);
    if (!idle)
        return; /* the thread uses it still, and the process ends */
    self->kind->close(self->store);
    for (size_t i = 0; i < MERGE_MAX; i++)
        chunk_destroy(&self->chunks[i]);
    free(self);
}

bool lookback_want(lookback_t *self, size_t number, const store_query_t *query)
{
    assert(number < MERGE_MAX && !lookback_busy(self));
    if (!self->chunks[number] && !(self->chunks[number] = chunk_new()))
        return false;
    chunk_want(self->chunks[number], query);
    self->wanted[number] = true;
    return true;
}

const chunk_t *lookback_chunk(const lookback_t *self, size_t number)
{
    return self->chunks[number];
}

void lookback_start(lookback_t *self, lookback_fn *done, void *arg)
{
    self->done = done;
    self->arg = arg;
    worker_run(self->worker, look, looked, self);
}

bool lookback_busy(const lookback_t *self)
{
    return worker_busy(self->worker);
}
