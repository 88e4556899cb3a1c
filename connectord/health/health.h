/* The health of a source, as a number: 100 is healthy, 0 is unusable.
 *
 *     score = 0 while there is no connection, else 100 - delay - gaps - losses - staleness, and 0 at least
 *
 *     delay     = 30 · d / 5 s, at most 30                    d: the smoothed delay of its messages
 *     gaps      = 10 for each gap in the exchange's numbering, halved every minute, at most 30
 *     losses    = 10 for each lost connection, halved every five minutes, at most 40
 *     staleness = 40 · (streams that are stale or whose subscription fails / streams wanted)
 *
 * A message's delay is received - exchange's timestamp, less the smallest such difference of the last five to ten minutes: a constant
 * difference counts as one between the clocks (of either sign), anything above it as delay. A difference that jumps by
 * more than a minute from one message to the next says that a clock was set, or that a recording restarted: the measuring starts over.
 * d is the mean of the samples with a weight of 1/16 for the newest; a sample is taken every 10 ms at most, so it costs nothing at high
 * rates.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/text.h"

enum { HEALTH_BEST = 100 };

/* Points that decay by half every half_life. */
typedef struct {
    double points;
    int64_t since_ns;
} health_penalty_t;

typedef struct {
    double delay_ns;                   /* smoothed */
    int64_t offset_ns;                 /* the last difference */
    int64_t least_ns, least_before_ns; /* the smallest difference of this window, and of the one before; INT64_MAX: none */
    int64_t window_ns;                 /* since when this window runs */
    int64_t sampled_ns;                /* when the last sample was taken; 0: never */
    health_penalty_t gaps, losses;
} health_t;

health_t health_new(void);

/* A message with the exchange's own time came. received_ns: ns since 1970. now_ns: of clock_mono_ns, here and below. */
void health_message(health_t *self, text_t timestamp, int64_t received_ns, int64_t now_ns);

/* A gap in the numbering; a lost connection. */
void health_gap(health_t *self, int64_t now_ns);
void health_lost(health_t *self, int64_t now_ns);

/* Of a source that is connected; stale: how many of its `streams` are stale, or have a failing subscription. */
uint32_t health_score(const health_t *self, size_t stale, size_t streams, int64_t now_ns);
