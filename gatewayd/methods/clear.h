/* A clear that every history server does: clearing only one of several would leave the trades on the others. */
#pragma once

#include "gatewayd/history/history_client.h"

/* Clearing millions of trades takes a store seconds. */
enum { CLEAR_LIMIT_MS = 60000 };

typedef struct clear clear_t;

/* request: a clear of history.md. `done` is called once, from the loop, when each server has answered or has had CLEAR_LIMIT_MS; the clear is
 * over then. Its answer is one of history.md: ok with the largest `cleared` (replicas hold the same, or share a store) if all did it; if
 * some did, `unavailable` with how many, and why the others did not; if none did, the first one's refusal, or an empty slice if nobody
 * answered. NULL when nobody can be asked now: `done` will not be called. */
clear_t *clear_start(history_client_t *history, text_t request, requester_fn *done, void *arg);

/* `done` will not be called; what was sent is still carried out. *self may be NULL. */
void clear_cancel(clear_t **self);
