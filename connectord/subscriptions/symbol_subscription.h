/* The life of one symbol's subscription: what each event does in each state, when to ask again, and whether it fails.
 *
 *            want              confirmed
 *     idle ──────▶ asked ─────────────────▶ taken ──renew──▶ leaving ──ended, due──▶ asked
 *      ▲             │ ▲                      │
 *      │    rejected │ │ due (backoff)        │ ended: the exchange dropped it
 *      └──unwant     ▼ │                      │
 *                   failed ◀──────────────────┘
 *
 * An unanswered subscribe fails, too. A failed one is retried, with its own backoff, for as long as it is wanted:
 * what the exchange refuses for good is retried at the backoff's longest intervals. A subscription that held for SUBSCRIPTION_GOOD_MS resets
 * the backoff, and is retried at once the first time. It fails from the first failure until it is confirmed (or has a trade,
 * which means the same), is not wanted, or the connection ends, which means more.
 *
 * Knows neither the loop nor connectors; the subscriber does what it says.
 */
#pragma once

#include "common/backoff.h"
#include "common/text.h"
#include "connectord/connectors/memo.h"

#include <stdbool.h>
#include <stdint.h>

enum { SUBSCRIPTION_GOOD_MS = 10000, SUBSCRIPTION_REASON_MAX = 96 };

typedef enum {
    SUBSCRIPTION_IDLE,
    SUBSCRIPTION_ASKED,
    SUBSCRIPTION_TAKEN,
    SUBSCRIPTION_FAILED,
    SUBSCRIPTION_LEAVING
} symbol_subscription_state_t;

typedef enum {
    SUBSCRIPTION_WANT,      /* somebody wants it */
    SUBSCRIPTION_UNWANT,    /* nobody does */
    SUBSCRIPTION_CONFIRMED, /* the exchange confirmed the subscribe, or sent a trade */
    SUBSCRIPTION_ENDED,     /* … an unsubscribe, asked or not */
    SUBSCRIPTION_REJECTED,  /* the exchange refused what it was asked */
    SUBSCRIPTION_DUE,       /* due_ns has come */
    SUBSCRIPTION_RENEW,     /* it brings nothing: unsubscribe, and subscribe again */
    SUBSCRIPTION_LOST       /* the connection is gone */
} symbol_subscription_event_t;

typedef enum {
    SUBSCRIPTION_IGNORE, /* the state stays */
    SUBSCRIPTION_WAIT,   /* nothing is to be sent */
    SUBSCRIPTION_SUBSCRIBE,
    SUBSCRIPTION_UNSUBSCRIBE
} symbol_subscription_action_t;

/* What each trade needs comes first. */
typedef struct {
    text_t symbol;
    memo_t memo; /* of whoever is told its trades */
    symbol_subscription_state_t state;
    bool wanted;
    int64_t release_ns; /* when it will no longer be wanted, of clock_mono_ns; 0: no end known */
    int64_t due_ns;     /* when the answer is overdue, or it is to be asked for again; 0: nothing is due */
    int64_t taken_ns;   /* since when it is taken */
    backoff_t backoff;
    size_t reason_length; /* 0: it does not fail */
    char reason[SUBSCRIPTION_REASON_MAX];
} symbol_subscription_t;

/* now_ns: of clock_mono_ns; patience_ms: how long an answer may take; why: the exchange's words. */
typedef struct {
    int64_t now_ns;
    uint64_t patience_ms;
    text_t why; /* of SUBSCRIPTION_REJECTED; may be empty */
} symbol_subscription_moment_t;

symbol_subscription_action_t symbol_subscription_event(symbol_subscription_t *self, symbol_subscription_event_t event,
                                                       const symbol_subscription_moment_t *moment);

static inline bool symbol_subscription_fails(const symbol_subscription_t *self)
{
    return self->reason_length > 0;
}

/* Why, in UTF-8; empty if it does not fail. */
static inline text_t symbol_subscription_reason(const symbol_subscription_t *self)
{
    return (text_t){self->reason, self->reason_length};
}
