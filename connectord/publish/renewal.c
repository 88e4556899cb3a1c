#include "connectord/publish/renewal.h"

#include "common/clock.h"
#include "common/log.h"

renewal_t renewal_new(journal_t *journal, renewal_fn *renewed, void *arg, int64_t now_ns)
{
    return (renewal_t){.journal = journal, .renewed = renewed, .arg = arg, .limiter = limiter_new(RENEWALS_PER_MINUTE, now_ns)};
}

static void log_renewal(const renewal_t *self, const journal_stream_t *stream, cursor_t last, cursor_t told)
{
    log_warn("journal: a follower has later trades than this journal: starting a new epoch",
             LOG_SLICE("topic", journal_topic(stream)), LOG_SLICE("journal", CURSOR_TEXT(last)),
             LOG_SLICE("follower", CURSOR_TEXT(told)), LOG_U64("epoch", journal_epoch(self->journal)));
}

renewal_result_t renewal_hear(renewal_t *self, const journal_stream_t *stream, cursor_t told, int64_t now_ns)
{
    cursor_t last = {journal_epoch(self->journal), journal_last(stream)};
    if (cursor_compare(told, last) <= 0)
        return RENEWAL_NOT_NEEDED;
    if (told.epoch > RENEWAL_EPOCH_MAX || !limiter_take(&self->limiter, now_ns)) {
        static log_limit_t limit;
        log_warn_limited(&limit, "journal: a follower claims later trades: not believed now", LOG_U64("its_epoch", told.epoch),
                         LOG_U64("its_seq", told.seq), LOG_U64("epoch", last.epoch));
        return RENEWAL_REFUSED;
    }
    if (!journal_renew(self->journal, told.epoch, (uint64_t)(clock_real_ns() / NS_PER_US)))
        return RENEWAL_FAILED;
    self->count++;
    log_renewal(self, stream, last, told);
    self->renewed(self->arg);
    return RENEWAL_DONE;
}
