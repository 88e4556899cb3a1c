/* What happens to trades while the journal can't take them (journal.h, stuck): they wait, and no more are read.
 *
 *     free ──the journal takes no trade──▶ holding ──hold_ms have passed, or too much waits──▶ losing
 *      ▲                                      │                                                  │
 *      └──── what waits is journaled ─────────┴───────────────── the journal goes on ────────────┘
 *
 * holding: nothing is read from exchanges (web_hold), so TCP keeps what they send; what had already been read waits here, in order.
 * losing: this has lasted too long. Links are closed, which tells everybody that something is missing, and reopened when the journal continues.
 * Trades lost after being read are counted; how many more were lost nobody knows.
 */
#pragma once

#include "connectord/journal/journal.h"
#include "connectord/websocket/web.h"

enum { BACKPRESSURE_BYTES = 8 << 20 /* may wait; some 20,000 trades */ };

typedef struct backpressure backpressure_t;

/* From the loop, never from within backpressure_append. */
typedef struct {
    void (*on_change)(void *arg); /* it started or ended: tell everybody */
    void (*on_losing)(void *arg); /* close the links; backpressure_drop what is lost by that */
} backpressure_events_t;

/* Of one source. */
typedef struct {
    uint64_t waiting, lost; /* trades */
} unjournaled_t;

/* hold_ms: how long exchanges are held back at most. `events` is kept, not copied. NULL when memory runs out. */
backpressure_t *backpressure_new(loop_t *loop, web_t *web, journal_t *journal, uint32_t hold_ms,
                                 const backpressure_events_t *events, void *arg);

/* A trade, with any cursor, goes into the journal, now or as soon as possible; it gets its cursor then. `unjournaled` is kept until it is there.
 * False: it is lost, and counted. If the journal takes it the cost is that of journal_append. */
bool backpressure_append(backpressure_t *self, journal_stream_t *stream, unjournaled_t *unjournaled, text_t json);

/* What waits of a source is lost; `unjournaled` is not used until the next append. */
void backpressure_drop(backpressure_t *self, unjournaled_t *unjournaled);

/* Why nothing can be journaled, for people; empty if it can. */
text_t backpressure_reason(const backpressure_t *self);

/* Exchanges may send again. */
void backpressure_destroy(backpressure_t **self);
