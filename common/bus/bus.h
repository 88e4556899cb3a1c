/* One connectord as its subscribers see it: the bus, whose messages arrive checked and parsed, and its replay socket.
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
    /* A status came; or none did, while others came, for long enough to know that the source was withdrawn. */
    void (*on_status)(void *arg, bus_t *bus, const status_t *status);
    /* Everything that had arrived has been handed over. */
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

/* Call this regularly: has it fallen silent? A long time without this call, because the process stood still, is not silence. now_ns:
 * clock_mono_ns. */
void bus_tick(bus_t *self, int64_t now_ns);

/* Has anything arrived, and is it not silent now? */
bool bus_heard(const bus_t *self);

/* Is more waiting than was handed over before on_drained? As socket_has_more. */
bool bus_has_more(const bus_t *self);
void bus_pause(bus_t *self, bool paused); /* as socket_pause */

/* Counts a bad message, and logs it, unless there are too many. */
void bus_complain(bus_t *self, const char *message, text_t topic, text_t found);
