/* The event loop of a process: libuv, shared by ZeroMQ sockets (socket.h) and libwebsockets (web.h).
 *
 * SIGTERM and SIGINT stop the loop, SIGHUP is for loop_on_hangup. SIGPIPE is ignored.
 */
#pragma once

#include "common/numbers/histogram.h"

#include <stdbool.h>
#include <stdint.h>

struct uv_loop_s;

typedef struct loop loop_t;

/* NULL when the system refuses, also with too few file descriptors (descriptors.h), with a log line. */
loop_t *loop_new(void);

/* Runs until loop_stop, and watches meanwhile whether the process stands still (clock.h). Returns 0, or 1 after loop_fail. May be called again. */
int loop_run(loop_t *self);

/* Makes loop_run return soon; may be called from any callback. */
void loop_stop(loop_t *self);

/* loop_stop, and loop_run returns 1: something essential is gone. */
void loop_fail(loop_t *self);

/* Calls `hangup` from the loop on SIGHUP, which is ignored otherwise. NULL: ignore it again. */
typedef void loop_hangup_fn(void *arg);
void loop_on_hangup(loop_t *self, loop_hangup_fn *hangup, void *arg);

/* Finishes what is still closing and frees the loop. Every part must have been destroyed before. */
void loop_destroy(loop_t **self);

/* When the loop was created, ns since 1970: practically when the process started. */
int64_t loop_started_ns(const loop_t *self);

/* How late a timer fires that is due ten times a second. Exact to a millisecond. */
const histogram_t *loop_lag(const loop_t *self);

/* How many turns it has begun: a turn lasts from one poll to the next. */
uint64_t loop_turns(const loop_t *self);

/* For boundary files only (socket.c, web.c, …). */
struct uv_loop_s *loop_uv(loop_t *self);

/* Calls `turn` once in each turn of the loop: after what arrived in it, and before it sleeps. It does not keep the loop alive. What it sends on a
 * socket (socket.h) created before is in time. */
typedef struct loop_turn loop_turn_t;
typedef void loop_turn_fn(void *arg);
loop_turn_t *loop_turn_new(loop_t *loop, loop_turn_fn *turn, void *arg);
void loop_turn_destroy(loop_turn_t **self);

/* A timer of the loop: calls `fire` from the loop after a delay, once or again and again. Time in which the process stood still (clock.h) is no delay: after
 * it what has arrived is read first, so that nobody is judged silent too soon. */
typedef struct loop_timer loop_timer_t;
typedef void loop_timer_fn(void *arg);

loop_timer_t *loop_timer_new(loop_t *loop, loop_timer_fn *fire, void *arg);

/* Starts it, or restarts it. repeat_ms 0: once. */
void loop_timer_start(loop_timer_t *self, uint64_t delay_ms, uint64_t repeat_ms);
void loop_timer_stop(loop_timer_t *self);
bool loop_timer_running(const loop_timer_t *self);
void loop_timer_destroy(loop_timer_t **self);
