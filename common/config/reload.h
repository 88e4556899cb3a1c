/* On SIGHUP the configuration is reloaded, and what can change while the process runs does.
 *
 * One line is logged for each key that differs: "config: changed" when it is in effect now, "config: needs a restart" when it is not,
 * the latter again on each SIGHUP while it differs from what the process started with. A configuration with mistakes changes
 * nothing; they are logged. log.level changes in every process; the rest is up to the parts.
 */
#pragma once

#include "common/config/config.h"
#include "common/loop/loop.h"
#include "common/loop/sd_notify.h"

typedef struct {
    const char *section; /* the process's own */

    /* Can the running process adopt the value that `key` has in `config`? NULL: never. */
    bool (*takes)(void *arg, const config_t *config, const char *key);

    /* Adopt the values of all keys that `takes` accepts; do not keep `config`. NULL if takes is. */
    void (*apply)(void *arg, const config_t *config);
} reload_events_t;

typedef struct reload reload_t;

/* `config`: what the process started with. All of them outlive it. NULL with a log line when memory runs out. */
reload_t *reload_new(loop_t *loop, const config_t *config, sd_notify_t *sd_notify, const reload_events_t *events, void *arg);

/* To be destroyed before what `events` call. */
void reload_destroy(reload_t **self);
