/* Reports the process's state to its supervisor (systemd, Type=notify).
 *
 * The protocol is sd_notify(3)'s: datagrams of NAME=VALUE lines to the socket that NOTIFY_SOCKET names (a path, or "@name" in the
 * abstract namespace). Where WATCHDOG_USEC is set, for this process or the one in WATCHDOG_PID, the loop shows twice in that
 * time that it still turns. Without NOTIFY_SOCKET everything here does nothing.
 */
#pragma once

#include "common/loop/loop.h"

typedef struct sd_notify sd_notify_t;

/* Reads the environment. NULL with a log line when memory runs out or NOTIFY_SOCKET can't be used. */
sd_notify_t *sd_notify_new(loop_t *loop);

/* Everything is bound and it serves (READY=1); the watchdog is fed from now on. Also after sd_notify_reloading, at its end. */
void sd_notify_ready(sd_notify_t *self);

/* The configuration is being reloaded (RELOADING=1). */
void sd_notify_reloading(sd_notify_t *self);

/* It is shutting down (STOPPING=1). */
void sd_notify_stopping(sd_notify_t *self);

void sd_notify_destroy(sd_notify_t **self);
