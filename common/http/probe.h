/* What monitoring asks a process over HTTP: /health (alive), /ready (can it serve now, and what is missing) and
 * /metrics (Prometheus). */
#pragma once

#include "common/buffer.h"
#include "common/config/config.h"
#include "common/http/http_handler.h"
#include "common/loop/loop.h"
#include "common/metrics/metrics.h"

typedef struct probe probe_t;

typedef struct {
    /* Appends a JSON object that says what is ready and what is missing, and sets *ready to whether it can serve now. */
    void (*ready)(void *arg, buffer_t *json, bool *ready);
    /* Prints the process's own metrics, after those common to all (process_metrics.h). */
    void (*metrics)(void *arg, metrics_t *metrics);
    /* Asked first. True: the request is taken (http_handler.h); false: it is one for the above, or for nobody. NULL: there is nothing
     * else. */
    bool (*request)(void *arg, http_connection_t *from, const http_request_t *request);
} probe_answers_t;

/* At `<section>.http`, for who names it as `<section>.hosts` says (hosts.h). `config` and `answers` are kept, not copied. NULL with a log line on
 * failure. The loop must run once more after its end. */
probe_t *probe_new(loop_t *loop, const config_t *config, const char *section, const probe_answers_t *answers, void *arg);
void probe_destroy(probe_t **self);
