/* Streams of which we have more than their connectord (followed_stream.h), and telling it so: its journal was lost while
 * its clock is behind, or is an older one. It then starts another epoch, greater than the one it was told (replay.md), and all
 * followers learn of it from the bus.
 */
#pragma once

#include "common/bus/bus.h"
#include "common/bus/followed_stream.h"

/* Of one connectord. */
typedef struct {
    bus_t *bus;       /* outlives it */
    buffer_t request; /* to be released by ahead_release */
    uint64_t asking;  /* the pending request; 0: none */
    int64_t asked_ns; /* when the last one went out */
} ahead_t;

enum { AHEAD_AGAIN_MS = 1000, AHEAD_PATIENCE_MS = 5000 };

ahead_t ahead_new(bus_t *bus);
void ahead_release(ahead_t *self);

/* Checks a stream after a status, and now and then: if it is ahead, tells connectord, every AHEAD_AGAIN_MS, of one stream for all. Returns
 * whether it has been ahead for AHEAD_PATIENCE_MS although connectord was told, and logs it. now_ns: of clock_mono_ns. */
bool ahead_look(ahead_t *self, followed_stream_t *stream, int64_t now_ns);
