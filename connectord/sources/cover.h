/* What is known of the completeness of one stream of trades, as records of the channel coverage (coverage.md): when it is live, when it is not, and what came of
 * the time between.
 *
 *     nothing ──it is subscribed──▶ live ──no line has it now──▶ unknown ──it is subscribed──▶ settling ──cover_settled──▶ live
 *
 * What the process before this one left is read from the journal: if it was killed while the stream was live, that ended when it last heard the exchange.
 */
#pragma once

#include "connectord/journal/backpressure.h"
#include "proto/coverage.h"

enum { COVER_HOLES_MAX = 64 /* of one episode; more are told as one */ };

typedef struct {
    int64_t from_ns, to_ns;
    cursor_t before; /* the last trade before it */
    bool known;
    uint64_t missing;           /* how many are missing, where that is known */
    uint64_t first_id, last_id; /* 0: not known */
} cover_hole_t;

/* The holes that could not be filled since the start. */
typedef struct {
    uint64_t count;
    cover_hole_t last; /* those of the last episode in one, from the first one's beginning on */
} cover_holes_t;

typedef enum { COVER_NOTHING, COVER_LIVE, COVER_UNKNOWN, COVER_SETTLING } cover_state_t;

/* One stream's; zeroed: COVER_NOTHING. */
typedef struct {
    journal_t *journal;
    backpressure_t *backpressure;
    unjournaled_t *unjournaled;
    const journal_stream_t *trades;
    journal_stream_t *stream; /* the records; NULL: none are written */
    cover_state_t state;
    int64_t unknown_ns;   /* since when it is not live; 0: it never was */
    uint64_t unknown_seq; /* the first trade that was published since; 0: not known */
    int64_t live_ns;      /* since when it is live again */
    cover_hole_t found[COVER_HOLES_MAX];
    size_t found_count;
    cover_holes_t holes;
} cover_t;

/* Of the stream of these trades; heard_ns: when the exchange was last heard by the process before, 0: that is not known. Writes nothing. False without memory. */
bool cover_init(cover_t *self, journal_t *journal, backpressure_t *backpressure, unjournaled_t *unjournaled,
                const journal_stream_t *trades, int64_t heard_ns);

/* Ids that are known to be missing for good, from what was written before: `forget` is called for each. */
typedef void cover_known_fn(void *arg, uint64_t first_id, uint64_t last_id);
void cover_known_holes(const cover_t *self, cover_known_fn *known, void *arg);

/* The stream is subscribed from now on. True: there is a time before that of which nobody knows yet, and cover_settled or cover_lost is to follow. */
bool cover_begin(cover_t *self, int64_t now_ns);

/* It no longer is; the exchange was last heard then. */
void cover_end(cover_t *self, int64_t heard_ns);

/* Trades are missing for good. Told when the episode is settled. */
void cover_found_hole(cover_t *self, const cover_hole_t *hole);

/* What could be had is there: so many trades that were asked for, made between these times, published as those from `first` to `last` (of none 0). */
typedef struct {
    uint64_t trades;
    int64_t first_ns, last_ns;
    uint64_t first_seq, last_seq;
} cover_filled_t;
void cover_settled(cover_t *self, const cover_filled_t *filled, int64_t now_ns);

/* What the exchange's own candles say of a span: `proved` or `short`. Its cursor is set here. */
void cover_compared(cover_t *self, const coverage_t *coverage);

/* The exchange can't be asked: the time between is a hole, of which nobody knows how much is missing. */
void cover_lost(cover_t *self);
