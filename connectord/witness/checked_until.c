#include "connectord/witness/checked_until.h"

#include "connectord/witness/minute_sums.h"
#include "proto/coverage.h"
#include "proto/record.h"

enum { READ_MAX = 1000 };

typedef struct {
    journal_t *journal;
    const journal_stream_t *trades;
    int64_t checked_ns;
    bool unknown;     /* nobody has known anything … */
    int64_t known_ns; /* … since then */
} checked_t;

static void check(checked_t *self, int64_t ns)
{
    self->checked_ns = ns > self->checked_ns ? ns : self->checked_ns;
}

/* It began with the first trade that came, if that was made earlier: an exchange may begin with former ones, and a recording has old ones. 0: none has come. */
static int64_t live_since(const checked_t *self, const coverage_t *live)
{
    trade_t trade = {0};
    uint64_t seq = live->cursor.seq + 1;
    if (live->cursor.epoch != journal_epoch(self->journal) || seq < journal_first(self->trades))
        return live->from_ns;
    if (seq > journal_last(self->trades))
        return 0;
    bool earlier = record_parse(journal_read(self->journal, self->trades, seq), &trade) && trade.timestamp_ns < live->from_ns;
    return earlier ? trade.timestamp_ns : live->from_ns;
}

static void take(checked_t *self, const coverage_t *told)
{
    switch (told->state) {
    case COVERAGE_PROVED:
    case COVERAGE_SHORT:
        check(self, told->to_ns);
        break;
    case COVERAGE_UNKNOWN:
        self->unknown = true;
        self->known_ns = told->from_ns;
        break;
    case COVERAGE_BACKFILLED:
    case COVERAGE_HOLE:
        self->known_ns = told->to_ns > self->known_ns ? told->to_ns : self->known_ns;
        if (self->checked_ns == 0)
            check(self, minute_after(told->from_ns));
        break;
    case COVERAGE_LIVE:
        if (self->checked_ns == 0 || (self->unknown && self->known_ns < told->from_ns))
            check(self, minute_after(live_since(self, told)));
        self->unknown = false;
        break;
    }
}

int64_t checked_until(journal_t *journal, const journal_stream_t *trades, const journal_stream_t *coverage)
{
    checked_t self = {.journal = journal, .trades = trades};
    uint64_t last = journal_last(coverage), seq = journal_first(coverage);
    if (last >= seq && last - seq >= READ_MAX)
        seq = last - READ_MAX + 1;
    for (; seq <= last; seq++) {
        trade_t record = {0};
        coverage_t told = {0};
        if (record_parse(journal_read(journal, coverage, seq), &record) && coverage_parse(record.data, &told))
            take(&self, &told);
    }
    return self.checked_ns;
}
