/* The store's writing handle and the thread that uses it: one job at a time, opened when it is needed, and reopened after a failure.
 *
 * After a failure it rests, longer each time until a write succeeds, and logs that once; a store that refuses is left alone
 * for longer than one that is away.
 */
#pragma once

#include "cached/stores/store_handle.h"
#include "common/loop/loop.h"

typedef struct store_writer store_writer_t;

/* Runs on the loop. */
typedef void store_writer_done_fn(void *arg, store_result_t result);

/* rested: called on the loop when a rest is over. NULL with a log line when memory runs out. */
store_writer_t *store_writer_new(loop_t *loop, const store_kind_t *kind, const char *url, void (*rested)(void *arg), void *arg);

/* Closes the store, unless a job hangs. False then: what it uses must stay. */
bool store_writer_destroy(store_writer_t **self);

/* Neither working nor resting: it takes a job. */
bool store_writer_idle(const store_writer_t *self);

/* The job runs on the thread, `done` on the loop. */
void store_writer_run(store_writer_t *self, store_job_fn *job, store_writer_done_fn *done, void *arg);

/* The same for a job that only reads: after a failure, its success does not show that the store takes trades again. */
void store_writer_look(store_writer_t *self, store_job_fn *job, store_writer_done_fn *done, void *arg);

/* There is nothing to write: a readable store is good enough. */
void store_writer_believe(store_writer_t *self);

/* For when the loop has ended: waits for the pending job, and reports its end. False if it takes longer. */
bool store_writer_wait(store_writer_t *self, uint64_t timeout_ms);

/* The result of the last job that shows it; STORE_OK before the first. */
store_result_t store_writer_result(const store_writer_t *self);
const char *store_writer_error(const store_writer_t *self); /* in the store's words; "" after STORE_OK */
uint64_t store_writer_errors(const store_writer_t *self);   /* jobs that failed */
