/* The life of one symbol's subscription: what each event does in each state, when to ask again, and whether it fails.
 *
 *            want              confirmed
 *     idle ──────▶ asked ─────────────────▶ taken ──renew──▶ leaving ──ended, due──▶ asked
 *      ▲             │ ▲                      │
 *      │    rejected │ │ due (backoff)        │ ended: the exchange dropped it by itself
 *      └──unwant     ▼ │                      │
 *                   failed ◀──────────────────┘
 *
 * A subscribe that is not answered fails, too. One that fails is asked for again, with a backoff of its own, for as long as it is wanted:
 * what the exchange refuses for good is asked for at the backoff's longest intervals. A subscription that held for WISH_GOOD_MS begins
 * the backoff again, and is asked for at once the first time. It fails from the first failure until it is confirmed (or has a trade,
 * which says the same), is not wanted, or the connection ends, which says more.
 *
 * Knows neither the loop nor connectors; the subscriber does what it says.
 */
#pragma once

#include "common/backoff.h"
#include "common/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { WISH_GOOD_MS = 10000, WISH_REASON_MAX = 96 };

typedef enum { WISH_IDLE, WISH_ASKED, WISH_TAKEN, WISH_FAILED, WISH_LEAVING } wish_state_t;

typedef enum {
    WISH_WANT,      /* somebody wants it */
    WISH_UNWANT,    /* nobody does */
    WISH_CONFIRMED, /* the exchange confirmed the subscribe, or sent a trade */
    WISH_ENDED,     /* … an unsubscribe, asked or not */
    WISH_REJECTED,  /* the exchange refused what it was asked */
    WISH_DUE,       /* due_ns has come */
    WISH_RENEW,     /* it brings nothing: unsubscribe it, and subscribe it again */
    WISH_LOST       /* the connection is gone */
} wish_event_t;

typedef enum {
    WISH_IGNORE, /* the state stays */
    WISH_WAIT,   /* nothing is to be sent */
    WISH_SUBSCRIBE,
    WISH_UNSUBSCRIBE
} wish_action_t;

typedef struct {
    text_t symbol;
    bool wanted;
    wish_state_t state;
    int64_t release_ns; /* when it will not be wanted any more, of clock_mono_ns; 0: no end known */
    int64_t due_ns;     /* when the answer is overdue, or it is to be asked for again; 0: nothing is due */
    int64_t taken_ns;   /* since when it is taken */
    backoff_t backoff;
    size_t reason_length; /* 0: it does not fail */
    char reason[WISH_REASON_MAX];
} wish_t;

/* now_ns: of clock_mono_ns; patience_ms: how long an answer may take; why: the exchange's words. */
typedef struct {
    int64_t now_ns;
    uint64_t patience_ms;
    text_t why; /* of WISH_REJECTED; may be empty */
} wish_moment_t;

wish_action_t wish_event(wish_t *self, wish_event_t event, const wish_moment_t *moment);

static inline bool wish_fails(const wish_t *self)
{
    return self->reason_length > 0;
}

/* Why, in UTF-8; empty where it does not fail. */
static inline text_t wish_reason(const wish_t *self)
{
    return (text_t){self->reason, self->reason_length};
}
