/* One stream as a follower sees it: what comes next, what is held back while a hole is repaired. Knows no sockets: whoever owns
 * it sends the repair requests that it asks for and hands it the answers.
 *
 *              hold                 locate
 *     WAITING ◀──── UNWANTED ──────────────────▶ LOCATING
 *             ────▶     │ begin                     │ begin
 *             resume    └────────▶ STARTING ◀───────┘
 *                                      │ the last page
 *                                      ▼            a later trade, or a status tells of it
 *                   trade by trade:  WHOLE ──────────────────────────────────────────────▶ HOLED: what comes is held back
 *                                      ▲ ◀─────────────────────────────────────────────────
 *                                                   all is here, another epoch
 *     end: from each of the last four to UNWANTED
 *
 * followed_stream.c has the table of what each event does in each state. States say what is done, and the numbers below where
 * it stands: WHOLE is newest < next, HOLED the contrary.
 */
#pragma once

#include "common/buffer.h"
#include "common/bus/follower_counts.h"
#include "proto/topic.h"
#include "proto/trade.h"

enum { FOLLOWED_STREAM_HELD_BYTES = 1 << 20, FOLLOWED_STREAM_PAGE = 5000 /* trades asked for at once */ };

#define FOLLOWED_STREAM_NO_BUS SIZE_MAX

typedef struct {
    /* As in follower_events_t. */
    void (*on_trade)(void *arg, text_t topic, const trade_t *trade, text_t json);
    void (*on_gap)(void *arg, text_t topic, cursor_t from, cursor_t to);
    void (*on_renewed)(void *arg, text_t topic, cursor_t former, cursor_t last);
} stream_sink_t;

typedef enum {
    FOLLOWED_STREAM_UNWANTED, /* nobody wants its trades: how far it reaches is noted, and no more */
    FOLLOWED_STREAM_WAITING,  /* the same, until its owner knows where to begin */
    FOLLOWED_STREAM_LOCATING, /* the same, until there is an answer to where it ends */
    FOLLOWED_STREAM_STARTING, /* followed; what the journal had at the start has not all come yet */
    FOLLOWED_STREAM_WHOLE,    /* followed; nothing is known to be missing */
    FOLLOWED_STREAM_HOLED     /* followed; something is */
} followed_stream_state_t;

typedef struct followed_stream {
    char topic_text[TOPIC_MAX];
    text_t topic, symbol, source; /* slices of topic_text */
    size_t bus;                   /* the endpoint's number it comes from; FOLLOWED_STREAM_NO_BUS: not known yet */
    followed_stream_state_t state;
    bool fresh;          /* the first trade may have any seq: the journal may have lost its beginning long ago */
    cursor_t next;       /* epoch 0: not known yet */
    uint64_t former;     /* as status_t.former says, while that is taken over */
    cursor_t resume;     /* where a store left off; epoch 0: nowhere */
    uint64_t newest;     /* the highest seq of next.epoch that is known to exist */
    bool ahead;          /* what was had is behind all that its connectord says it has */
    int64_t ahead_ns;    /* since when, for the owner; 0: it has not looked */
    uint64_t repair;     /* the request under way; 0: none */
    uint64_t repair_to;  /* up to where it asks; 0: to the end */
    buffer_t held;       /* of live trades that came meanwhile: size_t length, text … in order, without a hole */
    uint64_t held_first; /* the first and the last seq in held; 0: none */
    uint64_t held_last;
    follower_counts_t own;     /* of this stream */
    follower_counts_t *counts; /* the owner's, of all its streams */
    const stream_sink_t *sink;
    void *arg;   /* of the sink */
    void *owner; /* who has made it */
} followed_stream_t;

/* topic: valid. NULL when memory runs out. */
followed_stream_t *followed_stream_new(text_t topic, follower_counts_t *counts, const stream_sink_t *sink, void *arg);
void followed_stream_destroy(followed_stream_t **self);

/* Somebody wants its trades. Inline: it is asked for each of them. */
static inline bool followed_stream_is_followed(const followed_stream_t *self)
{
    return self->state == FOLLOWED_STREAM_WHOLE || self->state == FOLLOWED_STREAM_HOLED ||
           self->state == FOLLOWED_STREAM_STARTING;
}

/* Nothing of it is wanted before followed_stream_resume, which says where a store left off. Neither does anything to one
 * that is followed. */
void followed_stream_hold(followed_stream_t *self);
void followed_stream_resume(followed_stream_t *self, cursor_t last);

/* A request (not 0) that asks where it ends is under way. Of an unwanted one. */
void followed_stream_locate(followed_stream_t *self, uint64_t request);

/* Begin, unless it waits, behind `last`: everything after it is wanted. The first repair is asked for at once: it
 * brings what came since `last` was known. */
void followed_stream_begin(followed_stream_t *self, cursor_t last);

/* It is no longer wanted. The owner cancels the repair request. */
void followed_stream_end(followed_stream_t *self);

/* A live trade of a followed stream. */
void followed_stream_live(followed_stream_t *self, const trade_t *trade, text_t json);

/* The stream is known to reach up to `last`. Where that is less than what was had, it is ahead. */
void followed_stream_reaches(followed_stream_t *self, cursor_t last);

/* Its connectord has renewed the journal: what was (former.epoch, former.seq + n) is (epoch, n) now. A stream that has followed the former epoch up
 * to now goes on without a hole, which on_renewed tells; for any other it is a new epoch like any. */
void followed_stream_renewed(followed_stream_t *self, cursor_t former, uint64_t epoch);

/* Is something known to be missing, with no request under way? */
bool followed_stream_needs_repair(const followed_stream_t *self);

/* The request to send for it; notes up to where it asks. */
void followed_stream_repair_request(followed_stream_t *self, buffer_t *out);

/* The answer to it, or an empty slice for none. Clears `repair`. False when it was unusable: try again later. */
bool followed_stream_repaired(followed_stream_t *self, text_t answer);
