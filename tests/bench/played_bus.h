/* connectord, as far as a subscriber can tell: a bus, and a replay that has every trade published so far (bus.md, replay.md).
 *
 * As fast as it goes means as fast as the slowest subscriber takes it: the bus waits for room rather than drop. Replay answers on a thread
 * of its own; the rest belongs to one thread.
 */
#pragma once

#include "tests/bench/sample.h"

#include <stdint.h>

typedef struct bus played_bus_t;

/* Endpoints as ZeroMQ has them; symbols: how many are offered. NULL when an endpoint is not to be had. */
played_bus_t *played_bus_new(const char *publish, const char *replay, unsigned symbols, const sample_form_t *form);

/* The next trade of a symbol. */
void played_bus_publish(played_bus_t *self, unsigned symbol);

/* Sends the heartbeat when it is due: to be called often. */
void played_bus_turn(played_bus_t *self, int64_t now_ns);

void played_bus_destroy(played_bus_t **self_ref);
