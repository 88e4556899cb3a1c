/* What an operator's monitoring asks of a process over HTTP: /health (alive) and /ready (would it serve now, and what is missing). */
#pragma once

#include "common/buffer.h"
#include "common/web.h"

typedef struct probe probe_t;

/* Appends a JSON object that says what is there and what is missing, and sets *ready to whether it would serve now. */
typedef void probe_ready_fn(void *arg, buffer_t *json, bool *ready);

/* Listens on "HOST:PORT". NULL with a log line on failure. To be destroyed after the web. */
probe_t *probe_new(web_t *web, const char *address, probe_ready_fn *ready, void *arg);
void probe_destroy(probe_t **self);
