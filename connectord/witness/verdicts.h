/* What the sums of a span (minute_sums.h) come to, as records of coverage: minutes that agree become one `proved`, one that falls short a `short`, and those that fall
 * short by all of their trades, one after the other, one `short` together. Where the journal has more than the exchange nothing is said.
 *
 * A minute that is short is compared once more in the next round, as a late trade may mend it; then its word stays.
 */
#pragma once

#include "connectord/witness/minute_sums.h"
#include "proto/coverage.h"

enum { SHORT_MINUTES_MAX = 64 /* of a stream, that are compared once more */ };

typedef struct {
    int64_t start_ns;
    uint64_t print; /* of what was said */
    uint64_t round;
} short_minute_t;

/* How far a stream has come; zeroed: nothing is known. */
typedef struct {
    int64_t next_ns; /* the minute that has not been compared; 0: not known */
    uint64_t round;
    short_minute_t *shorts; /* owned; in the order of time */
    size_t short_count, room;
} verdicts_t;

void verdicts_release(verdicts_t *self);

/* The minute that this round is to go on with. */
int64_t verdicts_begin_ns(const verdicts_t *self);

typedef void verdicts_tell_fn(void *arg, const coverage_t *coverage); /* its cursor is not set */
typedef void verdicts_more_fn(void *arg, int64_t start_ns, const minute_sum_t *minute);

typedef struct {
    verdicts_tell_fn *tell;
    verdicts_more_fn *more; /* the journal has more than the exchange */
    void *arg;
} verdicts_events_t;

typedef struct {
    uint64_t proved, falling_short, contradicted; /* minutes */
} verdicts_counts_t;

/* Judges the span of the sums, which begins at verdicts_begin_ns or later. What was made before sure_ns can't be compared. The counts grow. False: the exchange does
 * not say yet what is to be known of the last minutes. */
bool verdicts_take(verdicts_t *self, minute_sums_t *sums, int64_t sure_ns, const verdicts_events_t *events,
                   verdicts_counts_t *counts);
