/* What happens if a follower has trades that the journal never had: it was lost and the clock is behind, it came from a backup, or another
 * machine's takes over. The journal then starts an epoch greater than the follower's, so that what was published since this process
 * started is new to everybody (replay.md, ahead).
 */
#pragma once

#include "connectord/connectors/limiter.h"
#include "connectord/journal/journal.h"

enum { RENEWALS_PER_MINUTE = 12 /* no matter how often it is asked */ };

/* Epochs are µs since 1970: later ones than this (the year 148109) are not believed, so there is always room after them. */
#define RENEWAL_EPOCH_MAX (UINT64_C(1) << 62)

typedef void renewal_fn(void *arg);

typedef struct {
    journal_t *journal;  /* outlives it */
    renewal_fn *renewed; /* called after each, before anything else is published: tell everybody */
    void *arg;
    limiter_t limiter;
    uint64_t count; /* how often it was renewed */
} renewal_t;

typedef enum {
    RENEWAL_NOT_NEEDED, /* the journal has those trades, or a later epoch */
    RENEWAL_DONE,
    RENEWAL_REFUSED, /* not credible, or not now */
    RENEWAL_FAILED   /* no room on the disk */
} renewal_result_t;

renewal_t renewal_new(journal_t *journal, renewal_fn *renewed, void *arg, int64_t now_ns);

/* Somebody has the stream's trades up to `told`. now_ns: of clock_mono_ns. */
renewal_result_t renewal_hear(renewal_t *self, const journal_stream_t *stream, cursor_t told, int64_t now_ns);
