/* A plant's sensors, beside the exchange: a feed in the manner of MQTT over a WebSocket. Who has subscribed to their topics gets a reading of each every
 * few seconds.
 *
 *     > {"type":"subscribe","topic":"sensors/+"}               all of them; or sensors/boiler-1
 *     < {"type":"subscribed","topic":"sensors/+"}              or {"type":"refused","topic":"…","reason":"…"}
 *     < {"type":"publish","topic":"sensors/boiler-1","ts":1764411873937,"payload":{"sensor":"boiler-1","celsius":71.32,"bar":2.05,"ok":true}}
 */
#pragma once

#include "tests/simulator/connection.h"
#include "tests/simulator/random.h"

enum { SENSORS = 6, SENSORS_TURN_MS = 400 /* one after the other has a reading */ };

typedef struct {
    random_t random;
    int64_t due_ns;
    unsigned next;
    int64_t celsius[SENSORS], bar[SENSORS]; /* hundredths */
} sensors_t;

sensors_t sensors_new(uint64_t seed);

/* Subscribes a connection to a topic, and answers. */
void sensors_subscribe(sim_connection_t *connection, const char *topic);

/* The reading that is due, to those who want it. */
void sensors_turn(sensors_t *self, int64_t now_ns, sim_connection_t *const *connections, size_t count);
