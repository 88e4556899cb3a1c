/* One connectord as its subscribers have it: the bus, from which messages come checked and taken apart, and the replay beside it.
 */
#pragma once

#include "common/bus/requester.h"
#include "common/loop/loop.h"
#include "proto/status.h"
#include "proto/trade.h"

typedef struct bus bus_t;

enum { BUS_SILENCE_MS = 5000 };

typedef struct {
    /* A trade, of the symbol and the source of its topic. Valid during the call. */
    void (*on_trade)(void *arg, bus_t *bus, text_t topic, const trade_t *trade, text_t json);
    /* A status came; or none, while others did, for long enough to know that the source was withdrawn. */
    void (*on_status)(void *arg, bus_t *bus, const status_t *status);
    /* What had come has been handed over. */
    void (*on_drained)(void *arg);
    /* Nothing came for BUS_SILENCE_MS; or it is back. */
    void (*on_silent)(void *arg, bus_t *bus, bool silent);
} bus_events_t;

/* endpoint, replay: ZeroMQ's, must outlive the bus, as must *malformed, where bad messages are counted. Statuses are subscribed. NULL with
 * a log line on failure. All events must be set. */
bus_t *bus_new(loop_t *loop, size_t number, const char *const *endpoint, const char *const *replay, uint64_t *malformed,
               const bus_events_t *events, void *arg);
void bus_destroy(bus_t **self);

size_t bus_number(const bus_t *self);
requester_t *bus_replay(const bus_t *self);

/* A prefix of topics (bus.md). */
void bus_subscribe(bus_t *self, text_t prefix);
void bus_unsubscribe(bus_t *self, text_t prefix);

/* Time passes: has it fallen silent? Time in which nobody called this for long, since the process stood still, is no silence. now_ns:
 * clock_mono_ns. */
void bus_tick(bus_t *self, int64_t now_ns);

/* Has something come, and is it not silent now? */
bool bus_heard(const bus_t *self);

/* Does more wait than was handed over before on_drained? As socket_has_more. */
bool bus_has_more(const bus_t *self);
void bus_pause(bus_t *self, bool paused); /* as socket_pause */

/* Counts something wrong that came, and logs it, unless there is too much of it. */
void bus_complain(bus_t *self, const char *message, text_t topic, text_t found);
