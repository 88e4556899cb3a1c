/* The process that remembers: follows every stream of the bus without gaps, keeps the latest trades of each, and answers history
 * queries on a ROUTER.
 *
 * Trades are kept in memory, as many of each stream as the retention says, so a symbol from two sources has twice as many;
 * and in a store behind memory (write_behind.h). At the start they come from the store, and what it lacks from the journals of the
 * connectords, by replay.
 */
#pragma once

#include "common/config/config.h"
#include "common/config/reload.h"
#include "common/loop/loop.h"

typedef struct cached cached_t;

/* Binds, subscribes and starts to catch up. The configuration must outlive it. NULL with a log line that says why.
 *
 * On its HTTP port it answers as below. It is ready once everything that the store and the journals had at the start is loaded, and
 * while no bus is silent; a store that is away does not matter. Without a store there is no "store"; "warming" is present while
 * memory is filled from the store.
 *
 *     {"ready":true,"caught_up":true,"streams":2,"trades":20000,"gaps":{"seen":1,"repaired":1,"lost":0},
 *      "store":{"kind":"sqlite","state":"up","error":"","lag":0},"warming":{"streams":3,"done":1,"trades":120000}}
 */
cached_t *cached_new(loop_t *loop, const config_t *config);
void cached_destroy(cached_t **self);

/* What SIGHUP can change, with the cached_t as `arg`: the retention. */
extern const reload_events_t cached_reload_events;
