/* The process that remembers: follows every stream of the bus without a hole, keeps the latest trades of each, and answers history
 * queries on a ROUTER.
 *
 * Trades are kept in memory: `cached.trades` of each stream, so that a symbol that comes from two sources has twice as many. On a start
 * they come from the journals of the connectords, by replay.
 */
#pragma once

#include "common/buffer.h"
#include "common/config.h"
#include "common/loop.h"
#include "common/probe.h"

typedef struct cached cached_t;

/* Binds, subscribes and begins to catch up. The configuration must outlive it. NULL with a log line that says why. */
cached_t *cached_new(loop_t *loop, const config_t *config);
void cached_destroy(cached_t **self);

/* What it answers at its HTTP port, with the cached_t as `arg`. It is ready once everything that the journals had at the start is
 * here, and while no bus is silent.
 *
 *     {"ready":true,"caught_up":true,"streams":2,"trades":20000,"gaps":{"seen":1,"repaired":1,"lost":0}}
 */
extern const probe_answers_t cached_probe;
