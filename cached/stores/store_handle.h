/* A handle of a store that is opened when it is first used, and again after a failure. For one thread at a time; not worth closing in between. */
#pragma once

#include "cached/stores/store.h"

typedef struct {
    const store_kind_t *kind;
    const char *url; /* the caller's */
    void *store;     /* NULL: not open */
} store_handle_t;

/* What is done with an open store. Puts what failed into `error` (STORE_ERROR_MAX bytes). */
typedef store_result_t store_job_fn(void *arg, const store_kind_t *kind, void *store, char *error);

/* Does the job; closes the store unless it went well. What the job says, or why the store can't be opened. */
store_result_t store_handle_use(store_handle_t *self, store_job_fn *job, void *arg, char *error);

/* May be closed already. */
void store_handle_close(store_handle_t *self);
