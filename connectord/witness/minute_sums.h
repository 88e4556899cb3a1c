/* The trades of a span, summed up minute by minute by their own timestamps, and what the exchange says of these minutes. Exact.
 *
 * Pure. An exchange may leave out minutes without a trade; what it says nothing of is as if it said 0, but for the end of its answer: there its candles may
 * not be made yet.
 */
#pragma once

#include "common/clock.h"
#include "common/numbers/exact.h"
#include "connectord/connectors/past.h"

#define MINUTE_NS (60 * NS_PER_S)

typedef struct {
    uint64_t trades; /* of the journal */
    exact_t volume;
    bool told, counted; /* by the exchange; does it say how many trades there were? */
    uint64_t told_trades;
    exact_t missing; /* what the exchange told; once judged: less the volume */
} minute_sum_t;

typedef struct {
    int64_t from_ns;    /* a whole minute */
    size_t count;       /* of minutes */
    size_t room;        /* at most */
    size_t first, last; /* the first and the last minute that was told; `count`: one behind them all was */
    bool any;           /* one was told, in the span or behind it */
    bool recent;        /* of what was not told nothing is known (past.h) */
    minute_sum_t minutes[];
} minute_sums_t;

typedef enum {
    MINUTE_AGREES,
    MINUTE_SHORT,  /* the exchange has more */
    MINUTE_MORE,   /* the journal has */
    MINUTE_UNTOLD, /* the exchange does not say */
    MINUTE_NOT_YET /* … but may later: it told of no minute behind it */
} minute_verdict_t;

/* For so many minutes at most. NULL when memory runs out. */
minute_sums_t *minute_sums_new(size_t room, bool recent);
void minute_sums_destroy(minute_sums_t **self);

/* Empties it, for this span of whole minutes, of which there is room. */
void minute_sums_begin(minute_sums_t *self, int64_t from_ns, int64_t to_ns);

/* A trade of the journal, with a valid quantity; one of another time does not count. */
void minute_sums_trade(minute_sums_t *self, int64_t timestamp_ns, text_t qty);

/* A minute in the exchange's words; the last word counts. */
void minute_sums_candle(minute_sums_t *self, const past_candle_t *candle);

/* Once all is known; once each. */
minute_verdict_t minute_sums_judge(minute_sums_t *self, size_t minute);

/* When it is known how many trades are missing of a minute that was judged MINUTE_SHORT. */
static inline uint64_t minute_missing(const minute_sum_t *minute)
{
    return minute->told_trades - minute->trades;
}

/* The start of the minute of a time, and of the first one that begins then or later. Times from 1970 to 2261. */
static inline int64_t minute_of(int64_t ns)
{
    return ns - ns % MINUTE_NS;
}

static inline int64_t minute_after(int64_t ns)
{
    return minute_of(ns + MINUTE_NS - 1);
}
