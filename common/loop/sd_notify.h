/* What supervises the process (systemd, Type=notify), told how it is.
 *
 * The protocol is sd_notify(3)'s: datagrams of NAME=VALUE lines to the socket that NOTIFY_SOCKET names (a path, or "@name" in the
 * abstract namespace). Where WATCHDOG_USEC is set, for this process or for whoever WATCHDOG_PID names, the loop shows twice in that
 * time that it still turns. Without NOTIFY_SOCKET nobody is told, and everything here does nothing.
 */
#pragma once

#include "common/loop/loop.h"

typedef struct sd_notify sd_notify_t;

/* Reads the environment. NULL with a log line when memory runs out or NOTIFY_SOCKET can't be used. */
sd_notify_t *sd_notify_new(loop_t *loop);

/* Everything is bound and it serves (READY=1); the watchdog begins to be fed. Also after sd_notify_reloading, at its end. */
void sd_notify_ready(sd_notify_t *self);

/* The configuration is being reloaded (RELOADING=1). */
void sd_notify_reloading(sd_notify_t *self);

/* It has been told to end and begins to (STOPPING=1). */
void sd_notify_stopping(sd_notify_t *self);

void sd_notify_destroy(sd_notify_t **self);
