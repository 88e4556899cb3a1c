#include "connectord/witness/journal_span.h"

#include "proto/record.h"

static bool read_trade(const journal_span_t *self, uint64_t seq, trade_t *trade)
{
    *trade = (trade_t){0};
    return record_parse(journal_read(self->journal, self->stream, seq), trade);
}

/* The first one that came then or later. One that can't be read may have. */
static uint64_t find(const journal_span_t *self, int64_t received_ns)
{
    uint64_t low = journal_first(self->stream), high = self->last + 1;
    trade_t trade;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (read_trade(self, middle, &trade) && trade.received_ns < received_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What came before the ring's first trade has been lost. */
static void lose(journal_span_t *self)
{
    trade_t first;
    bool read = self->next <= self->last && read_trade(self, self->next, &first);
    self->sure_ns = read ? first.received_ns + self->slack_ns : INT64_MAX;
}

void journal_span_begin(journal_span_t *self, journal_t *journal, const journal_stream_t *stream, int64_t from_ns,
                        int64_t slack_ns)
{
    *self = (journal_span_t){.journal = journal,
                             .stream = stream,
                             .last = journal_last(stream),
                             .former = journal_former_epoch(journal),
                             .slack_ns = slack_ns,
                             .sure_ns = INT64_MIN};
    uint64_t first = journal_first(stream);
    self->next = find(self, from_ns - slack_ns);
    if (self->next == first && (first > 1 || self->former > 0))
        lose(self);
}

bool journal_span_next(journal_span_t *self, trade_t *trade)
{
    if (journal_former_epoch(self->journal) != self->former) { /* its seqs are others now */
        self->next = self->last + 1;
        self->sure_ns = INT64_MAX;
    }
    uint64_t first = journal_first(self->stream);
    if (!journal_span_ended(self) && self->next < first) {
        self->next = first;
        lose(self);
    }
    while (!journal_span_ended(self))
        if (read_trade(self, self->next++, trade))
            return true;
    return false;
}
