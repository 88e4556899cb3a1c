/* What supervises the process (systemd, Type=notify), told how it is.
 *
 * The protocol is sd_notify(3)'s: datagrams of NAME=VALUE lines to the socket that NOTIFY_SOCKET names (a path, or "@name" in the
 * abstract namespace). Where WATCHDOG_USEC is set, for this process or for whoever WATCHDOG_PID names, the loop shows twice in that
 * time that it still turns. Without NOTIFY_SOCKET nobody is told, and everything here does nothing.
 */
#pragma once

#include "common/loop/loop.h"

typedef struct supervisor supervisor_t;

/* Reads the environment. NULL with a log line when memory runs out or NOTIFY_SOCKET can't be used. */
supervisor_t *supervisor_new(loop_t *loop);

/* Everything is bound and it serves (READY=1); the watchdog begins to be fed. Also after supervisor_reloading, at its end. */
void supervisor_ready(supervisor_t *self);

/* The configuration is being read anew (RELOADING=1). */
void supervisor_reloading(supervisor_t *self);

/* It has been told to end and begins to (STOPPING=1). */
void supervisor_stopping(supervisor_t *self);

void supervisor_destroy(supervisor_t **self);
