/* What the journal has of a stream's trades of some time on, a few at a time.
 *
 * A trade comes after it was made, so those that came before a time need not be read; but late ones lie further on, and all up to the last are. When they came is
 * roughly in order: as roughly as `slack_ns` allows for trades that were held, and for clocks.
 */
#pragma once

#include "connectord/journal/journal.h"
#include "proto/trade.h"

typedef struct {
    journal_t *journal;
    const journal_stream_t *stream;
    uint64_t next, last; /* seqs */
    uint64_t former;     /* the journal's former epoch when it began */
    int64_t slack_ns;
    int64_t
        sure_ns; /* trades from then on are all there, as far as they were journaled; earlier ones may have left the ring. INT64_MAX: nobody knows */
} journal_span_t;

/* From the trades on that may have been made at from_ns or later. */
void journal_span_begin(journal_span_t *self, journal_t *journal, const journal_stream_t *stream, int64_t from_ns,
                        int64_t slack_ns);

/* The next one, with timestamp_ns, qty and received_ns; one that can't be read is passed over. False: that was the last. What leaves the ring meanwhile raises sure_ns. */
bool journal_span_next(journal_span_t *self, trade_t *trade);

static inline bool journal_span_ended(const journal_span_t *self)
{
    return self->next > self->last;
}
