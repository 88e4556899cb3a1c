/* What was published, for those that missed it: a ROUTER socket that answers `range` and `streams` from the journal
 * (proto/replay.md). */
#pragma once

#include "common/loop/loop.h"
#include "connectord/journal/journal.h"
#include "connectord/publish/renewal.h"
#include "proto/request.h"

enum { REPLAY_ANSWER_BYTES = 4 << 20 /* of trades in one answer, at most; `next` says where to continue */ };

typedef struct replay replay_t;

typedef struct {
    uint64_t answers; /* all */
    uint64_t errors;  /* those with "ok":false */
    uint64_t bytes;   /* of all answers */
} replay_counts_t;

/* Operations that are somebody else's to answer: tried before those of the journal. */
typedef struct {
    bool (*answer)(void *arg, const request_t *request, buffer_t *answer); /* false: not one of its operations */
    void *arg;
} replay_others_t;

/* The journal and the renewal must outlive it; `others` is copied. NULL with a log line. */
replay_t *replay_new(loop_t *loop, const char *endpoint, journal_t *journal, renewal_t *renewal, replay_others_t others);

/* The answer to any request: always one JSON object. others: NULL where there are none. rights: what who asks may (rights.h): streams that it may not subscribe to
 * are not there for it. `answer` is cleared first; its limit must be above REPLAY_ANSWER_BYTES. The cost is a memcpy of the trades. The result is the right that
 * the asker lacks, which the answer says; NULL if it lacks none. */
const char *replay_answer(journal_t *journal, renewal_t *renewal, const replay_others_t *others, text_t rights, text_t request,
                          buffer_t *answer);

const replay_counts_t *replay_counts(const replay_t *self);

void replay_destroy(replay_t **self);
