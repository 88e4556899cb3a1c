/* The store's writing handle and the thread that uses it: one job at a time, opened when it is needed, and opened anew after a failure.
 *
 * After a failure it rests, longer each time until something could be written, and says so once in the log; a store that refuses is left alone
 * for longer than one that is away.
 */
#pragma once

#include "cached/stores/store.h"
#include "common/loop/loop.h"

typedef struct writer writer_t;

/* Runs on the thread with an open store. Says in `error` (STORE_ERROR_MAX bytes) what failed. */
typedef store_result_t writer_job_fn(void *arg, const store_kind_t *kind, void *store, char *error);
/* Runs on the loop. */
typedef void writer_done_fn(void *arg, store_result_t result);

/* rested: called on the loop when a rest is over. NULL with a log line when memory runs out. */
writer_t *writer_new(loop_t *loop, const store_kind_t *kind, const char *url, void (*rested)(void *arg), void *arg);

/* Closes the store, where it can be without waiting for a job that hangs. False when there is one: what it uses must stay. */
bool writer_destroy(writer_t **self);

/* Neither at work nor at rest: it takes a job. */
bool writer_idle(const writer_t *self);

void writer_run(writer_t *self, writer_job_fn *job, writer_done_fn *done, void *arg);

/* The same for a job that only reads: after a failure, that it succeeds does not show that the store takes trades again. */
void writer_look(writer_t *self, writer_job_fn *job, writer_done_fn *done, void *arg);

/* There is nothing to be written: what can be read is well enough. */
void writer_believe(writer_t *self);

/* For when the loop has ended: waits for the job under way, and tells it is done. False when it takes longer. */
bool writer_wait(writer_t *self, uint64_t timeout_ms);

/* How the last job that shows it ended; STORE_OK before the first. */
store_result_t writer_result(const writer_t *self);
const char *writer_error(const writer_t *self); /* in the store's words; "" after STORE_OK */
uint64_t writer_errors(const writer_t *self);   /* jobs that failed */
