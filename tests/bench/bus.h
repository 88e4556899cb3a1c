/* connectord, as far as a subscriber can tell: a bus, and a replay that has every trade published so far (bus.md, replay.md).
 *
 * As fast as it goes means as fast as the slowest subscriber takes it: the bus waits for room rather than drop. Replay answers on a thread
 * of its own; the rest belongs to one thread.
 */
#pragma once

#include <stdint.h>

typedef struct bus bus_t;

/* Endpoints as ZeroMQ has them; symbols: how many are offered. NULL when an endpoint is not to be had. */
bus_t *bus_new(const char *publish, const char *replay, unsigned symbols);

/* The next trade of a symbol. */
void bus_publish(bus_t *self, unsigned symbol);

/* Sends the heartbeat when it is due: to be called often. */
void bus_turn(bus_t *self, int64_t now_ns);

void bus_destroy(bus_t **self_ref);
