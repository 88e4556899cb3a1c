/* Follows streams on the bus without gaps: subscribes, detects gaps by seq and by heartbeat, repairs them by replay.
 *
 * Both cached and gatewayd use it. Trades of a stream are handed over once each and in order of their cursors; while a gap is
 * being repaired, live trades are held back (bounded), which keeps the order. A gap that replay can't fill either is reported by
 * on_gap, and the stream continues after it.
 *
 *          live trade: seq = next ──▶ on_trade
 *                      seq < next ──▶ dropped (had it)
 *                      seq > next ──▶ held; ask replay for [next, seq) ──▶ on_trade each ──▶ the held ones
 *          heartbeat:  last ≥ next ─▶ ask replay for [next, last]
 *
 * To start at the last trade it asks replay where that is, since a heartbeat may be a second old.
 */
#pragma once

#include "common/bus/follower_counts.h"
#include "common/loop/loop.h"
#include "proto/status.h"
#include "proto/trade.h"

typedef struct follower follower_t;

typedef struct {
    /* The next trade of a stream. `json` is its canonical text, `trade` the fields. Valid during the call. */
    void (*on_trade)(void *arg, text_t topic, const trade_t *trade, text_t json);
    /* [from, to] of a stream is no longer available. from.epoch != to.epoch: the journal was lost; what of `from`'s epoch came after
     * it is unknown. */
    void (*on_gap)(void *arg, text_t topic, cursor_t from, cursor_t to);
    /* connectord has renewed its journal (replay.md, ahead), and the stream continues after `last` without a gap: what was (former.epoch, former.seq + n)
     * is (last.epoch, n) now. */
    void (*on_renewed)(void *arg, text_t topic, cursor_t former, cursor_t last);
    /* A status came from a source's connectord; or none, while others did, for long enough to know that the source was withdrawn. */
    void (*on_status)(void *arg, const status_t *status);
    /* Everything that had arrived has been handed over: flush. */
    void (*on_drained)(void *arg);
    /* Nothing, not even a heartbeat, came from a connectord for BUS_SILENCE_MS (bus.h); or it is back. `bus` is its endpoint's
     * number. */
    void (*on_silent)(void *arg, size_t bus, bool silent);
    /* The place from which a stream is followed is now known: everything after `last` will come by on_trade. Called once for every
     * stream, before its first on_trade; it may come from within follower_subscribe. */
    void (*on_stream)(void *arg, text_t topic, cursor_t last);
} follower_events_t;

/* Where to begin with a stream that is seen for the first time. */
typedef enum {
    FOLLOW_FROM_FIRST, /* at the first trade still in the journal (cached) */
    FOLLOW_FROM_LAST   /* after the current last one (gatewayd) */
} follower_start_t;

typedef struct {
    const char *const *bus; /* PUB endpoints, each with the replay endpoint of the same number */
    const char *const *replay;
    size_t count; /* 1 to 16 */
    follower_start_t start;
} follower_config_t;

/* The config's strings must outlive the follower. NULL with a log line on failure. All callbacks must be set. Status topics are
 * always subscribed; trades only as requested below. */
follower_t *follower_new(loop_t *loop, const follower_config_t *config, const follower_events_t *events, void *arg);

/* All records. */
void follower_subscribe_all(follower_t *self);

/* The records of one subject (topic.h), from all its sources. Subscriptions are not counted: two subscribes are undone by one unsubscribe, which
 * also forgets the symbol's streams (no callback for them comes after it). */
void follower_subscribe(follower_t *self, text_t symbol);
void follower_unsubscribe(follower_t *self, text_t symbol);

/* Nothing of the stream comes before follower_resume. For one that is not followed yet. */
void follower_hold(follower_t *self, text_t topic);

/* The stream is known to have been stored up to `last` already: FOLLOW_FROM_FIRST continues after it; {0, 0}: from the first. */
void follower_resume(follower_t *self, text_t topic, cursor_t last);

/* Who answers replay requests for a stream; NULL until somebody is heard to have it. */
struct requester *follower_replay(const follower_t *self, text_t topic);

const follower_counts_t *follower_counts(const follower_t *self);

/* Of one stream alone; malformed is always 0. NULL for a stream that was never heard of. */
const follower_counts_t *follower_stream_counts(const follower_t *self, text_t topic);

/* Has everything that the journals had at the start been handed over (FOLLOW_FROM_FIRST), and is no bus silent or behind us? */
bool follower_caught_up(const follower_t *self);

/* In on_drained: is more waiting already, so that it is called again soon? */
bool follower_has_more(const follower_t *self);

/* Takes nothing from the buses while it is paused: for whoever has to catch up with what came. Not for longer than
 * BUS_SILENCE_MS. */
void follower_pause(follower_t *self, bool paused);

void follower_destroy(follower_t **self);
