/* The last trades of a symbol, answered by the gateway itself: from its rings if they certainly have what history would say, byte for byte.
 *
 *     question ──▶ ready-made? ──▶ rings and coverage reach? ──▶ answer ──▶ kept, until something changes
 *                                   └ no: history is asked, and its answer is remembered (history_coverage.h)
 *
 * A symbol that is asked for is followed for RECENT_KEPT_MS, also without a subscription; not where that would be demand for a source that
 * is subscribed to on demand: a question does not last. Now and then a question still goes to history, since that may have
 * forgotten: what it forgot the rings tell for RECENT_COVERAGE_MS at most. now_ns: since 1970.
 */
#pragma once

#include "gatewayd/forms/recent_query.h"
#include "gatewayd/streams/answer_cache.h"
#include "gatewayd/streams/buses.h"
#include "gatewayd/streams/market.h"
#include "gatewayd/streams/offers.h"

enum {
    RECENT_KEPT_MS = 60000,
    RECENT_RENEW_MS = 500, /* older coverage is renewed by the next query */
    RECENT_COVERAGE_MS = 1000,
    RECENT_AT_ONCE = 1000 /* trades: an answer with more takes ms to make, and a turn (turns.h) */
};

typedef struct recent recent_t;

/* All outlive it. NULL when memory runs out. */
recent_t *recent_new(const offers_t *offers, markets_t *markets, const buses_t *buses);
void recent_destroy(recent_t **self);

/* NULL: ask history. The answer is valid until the next call. The first has none for more than RECENT_AT_ONCE trades, the second takes as long as
 * it takes. */
ready_answer_t *recent_find(recent_t *self, const recent_query_t *question, answer_form_t form, int64_t now_ns);
ready_answer_t *recent_make(recent_t *self, const recent_query_t *question, answer_form_t form, int64_t now_ns);

/* The gzipped answer; empty when memory runs out. */
text_t recent_compressed(recent_t *self, ready_answer_t *answer);

/* The question goes to history: follows the symbol from now on. What history says is for history_coverage.h. */
void recent_asks(recent_t *self, const recent_query_t *question, int64_t now_ns);

/* Time passes: symbols that nobody asks for are followed no more. Call it every second or so. */
void recent_tick(recent_t *self, int64_t now_ns);

typedef struct {
    uint64_t answered, made; /* by the gateway, and those of them that were not ready-made */
    uint64_t asked;          /* by history */
} recent_counts_t;

const recent_counts_t *recent_counts(const recent_t *self);
