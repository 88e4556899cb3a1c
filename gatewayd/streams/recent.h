/* The last trades of a symbol, answered by the gateway itself: from its rings if they certainly have what history would say, byte for byte.
 *
 *     question ──▶ ready-made? ──▶ rings and coverage reach? ──▶ answer ──▶ kept, until something changes
 *                                   └ no: history is asked, and its answer is remembered (history_coverage.h)
 *
 * A queried symbol is followed for RECENT_KEPT_MS, even without a subscription; not if that would be demand for a source that
 * subscribes on demand: a query is no lasting demand. Now and then a query still goes to history, since that may have
 * been cleared: the rings return what was cleared for RECENT_COVERAGE_MS at most.
 */
#pragma once

#include "gatewayd/clients/hub.h"
#include "gatewayd/forms/recent_query.h"
#include "gatewayd/streams/answer_cache.h"

enum {
    RECENT_KEPT_MS = 60000,
    RECENT_RENEW_MS = 500, /* older coverage is renewed by the next query */
    RECENT_COVERAGE_MS = 1000,
    RECENT_AT_ONCE = 1000 /* trades: an answer with more takes ms to make, and a turn (turns.h) */
};

typedef struct recent recent_t;

/* hub: outlives it. NULL when memory runs out. */
recent_t *recent_new(hub_t *hub);
void recent_destroy(recent_t **self);

/* NULL: ask history. The answer is valid until the next call. The first has none for more than RECENT_AT_ONCE trades, the second takes as long as
 * it takes. */
ready_answer_t *recent_find(recent_t *self, const recent_query_t *question, answer_form_t form);
ready_answer_t *recent_make(recent_t *self, const recent_query_t *question, answer_form_t form);

/* The gzipped answer; empty when memory runs out. */
text_t recent_compressed(recent_t *self, ready_answer_t *answer);

/* The query goes to history: follows the symbol from now on, and learns from history's answer (valid JSON). */
void recent_asks(recent_t *self, const recent_query_t *question);
void recent_learn(recent_t *self, const recent_query_t *question, text_t answer);

/* History has cleared the trades of a symbol, or (empty) of all. */
void recent_forget(recent_t *self, text_t symbol);

/* Stops following symbols that nobody asks for. Call it every second or so. */
void recent_tick(recent_t *self);

typedef struct {
    uint64_t answered, made; /* by the gateway, and those of them that were not ready-made */
    uint64_t asked;          /* by history */
} recent_counts_t;

const recent_counts_t *recent_counts(const recent_t *self);
