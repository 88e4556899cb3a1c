/* A thread for calls that block: one job at a time, handed over on the loop; its end is reported on the loop.
 *
 * A job's memory is the thread's from worker_run until `done` is called: nothing else may touch it meanwhile.
 */
#pragma once

#include "common/loop/loop.h"

typedef struct worker worker_t;
typedef void worker_fn(void *arg);

/* NULL, with a log line, when the system refuses. */
worker_t *worker_new(loop_t *loop);

/* Calls `work` on the thread and, once it has returned, `done` on the loop, which may run the next job. Not while it is busy (asserted). */
void worker_run(worker_t *self, worker_fn *work, worker_fn *done, void *arg);

/* Is there a job whose `done` has not been called yet? */
bool worker_busy(const worker_t *self);

/* Waits for the pending job, and calls its `done` from here. False if it takes longer: it continues. For when the loop has ended. */
bool worker_wait(worker_t *self, uint64_t timeout_ms);

/* Does not wait for a pending job, which may hang in a call forever: `done` will not be called, and what the job uses has to stay.
 * Call worker_wait before, and destroy what it uses only if that says true. */
void worker_destroy(worker_t **self);
