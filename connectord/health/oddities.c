#include "connectord/health/oddities.h"

#include "common/clock.h"

/* What comes with the id of another trade may well be a trade: an exchange's numbering may have begun again, or say nothing. */
void oddities_conflict(oddities_t *self, const trade_t *trade)
{
    self->id_conflicts++;
    log_warn_limited(&self->conflict_limit, "feed: a trade differs from another with the same id: both are published",
                     LOG_SLICE("source", trade->source), LOG_SLICE("symbol", trade->symbol), LOG_SLICE("id", trade->id),
                     LOG_SLICE("timestamp", trade->timestamp));
}

/* Where it is the rule, one of the two clocks is wrong. */
void oddities_future(oddities_t *self, const trade_t *trade)
{
    uint64_t ahead_s = (uint64_t)(trade->timestamp_ns - trade->received_ns) / NS_PER_S;
    self->future++;
    log_warn_limited(&self->future_limit, "feed: trade from the future, by our clock: published, but left out of candles",
                     LOG_SLICE("source", trade->source), LOG_SLICE("symbol", trade->symbol),
                     LOG_SLICE("timestamp", trade->timestamp), LOG_U64("ahead_s", ahead_s));
}
