/* Streams of which more was had than their connectord has (followed_stream.h), and telling it: its journal was lost while
 * its clock is behind, or is an older one. It then begins another epoch, greater than the one told of (replay.md), and all
 * followers hear of it by the bus.
 */
#pragma once

#include "common/bus/bus.h"
#include "common/bus/followed_stream.h"

/* Of one connectord. */
typedef struct {
    bus_t *bus;       /* outlives it */
    buffer_t request; /* to be released by ahead_release */
    uint64_t asking;  /* the request under way; 0: none */
    int64_t asked_ns; /* when the last one went out */
} ahead_t;

enum { AHEAD_AGAIN_MS = 1000, AHEAD_PATIENCE_MS = 5000 };

ahead_t ahead_new(bus_t *bus);
void ahead_release(ahead_t *self);

/* Looks at a stream after a status, and now and then: tells of it where it is ahead, once in AHEAD_AGAIN_MS, and of one stream for all. Returns
 * whether it has been ahead for AHEAD_PATIENCE_MS although that was told, and says so in the log. now_ns: of clock_mono_ns. */
bool ahead_look(ahead_t *self, followed_stream_t *stream, int64_t now_ns);
