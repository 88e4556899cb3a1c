/* What the sources report: which symbols they offer, up to where each stream reaches, and whether they are
 * connected.
 *
 * A source is up if it recently reported that it is connected. `now` is the caller's clock, in ns since 1970.
 */
#pragma once

#include "common/table.h"
#include "proto/status.h"
#include "proto/topic.h"

enum {
    OFFERS_SOURCES_MAX = 1000,
    OFFERS_SYMBOLS_MAX = 100000, /* of one source */
    OFFER_REASON_MAX = 120,
    OFFER_BREAKER_MAX = 16,
    OFFERS_SETTLED_MS = 1100 /* a second after the first status, all others have come, too */
};

typedef struct {
    text_t name;      /* the offer's own */
    bool connected;   /* as last reported */
    bool silent;      /* it has been silent for long */
    int64_t since_ns; /* since when it is up or down */
    int64_t down_ns;  /* when it last went down; 0: never yet */
    int64_t heard_ns;
    bool missed_known;             /* is it known how many trades were missed … */
    uint64_t missed;               /* … when it went down last? Of one that is up */
    text_t reason;                 /* why it is down, as raw JSON string content; the offer's own */
    text_t breaker;                /* "closed", "open", "half_open"; the offer's own */
    uint32_t health;               /* as it said last: 0 to 100 */
    uint64_t id_conflicts, future; /* trades counted as odd: status.h */
    size_t stale;                  /* how many of its streams are stale */
    size_t failing;                /* how many have a failing subscription at the exchange */
    text_t group;                  /* of sources that stand in for one another; empty: none; the offer's own */
    bool active;                   /* are its trades published? Of a source in a group */
    bool demand;                   /* it is subscribed only to what somebody wants */
    uint64_t epoch;
    uint64_t run;          /* of the connectord heard last */
    uint64_t former_epoch; /* the one before connectord renewed its journal (bus.md); 0: none */
    table_t *symbols;      /* symbol → offer_stream_t; owned */
} offer_t;

typedef struct offers offers_t;

offers_t *offers_new(void);
void offers_destroy(offers_t **self);

/* A change in whether a source is up. A withdrawn one is down; call offers_withdraw then. */
typedef enum { OFFER_SAME, OFFER_DOWN, OFFER_UP } offer_change_t;

/* Adopts a status. *offer is the source's, or NULL when there are too many. A source heard for the first
 * time has not changed. */
offer_change_t offers_update(offers_t *self, const status_t *status, int64_t now_ns, const offer_t **offer);

/* The source of that status is no longer offered, with all its symbols, until it is heard again. */
void offers_withdraw(offers_t *self, text_t source);

/* Marks as silent, one per call, a source not heard for silence_ns and not marked yet. NULL when there is none.
 * *changed: it was up before. */
const offer_t *offers_silence(offers_t *self, int64_t now_ns, int64_t silence_ns, bool *changed);

/* Has any status come; and has there been time for all to come? */
bool offers_heard(const offers_t *self);
bool offers_settled(const offers_t *self, int64_t now_ns);

/* When that time will have passed; INT64_MAX while no status has come. And how many have come. */
int64_t offers_settles_ns(const offers_t *self);
uint64_t offers_heard_count(const offers_t *self);

/* All sources except withdrawn ones: number 0, 1, 2 … in the order in which they were heard; NULL beyond the last. */
const offer_t *offers_at(const offers_t *self, size_t number);

const offer_t *offers_find(const offers_t *self, text_t source);
bool offer_up(const offer_t *offer);

/* Does it offer the symbol? *last: the end of the stream as last heard; may be NULL. */
bool offer_has(const offer_t *offer, text_t symbol, cursor_t *last);

/* Maps a cursor of the stream's former epoch to the current one; others are unchanged. */
cursor_t offer_present(const offer_t *offer, text_t symbol, cursor_t cursor);

/* The source's symbols: *at from 0 on; false beyond the last. */
bool offer_each(const offer_t *offer, size_t *at, text_t *symbol);

/* A stream that is stale: connected, but without a trade for longer than is likely. last_ns: when it had one, ns since 1970. */
typedef struct {
    text_t symbol;
    int64_t last_ns;
    bool stale; /* of a change: it became so, or is gone; false: it no longer is, or is offered again */
    bool gone;  /* the source no longer offers it */
} offer_stale_t;

/* Is the source's stream of that symbol stale? */
bool offer_is_stale(const offer_t *offer, text_t symbol, offer_stale_t *stale);

/* The source's stale streams: *at from 0 on; false beyond the last. */
bool offer_each_stale(const offer_t *offer, size_t *at, offer_stale_t *stale);

/* The streams that became stale, or no longer are, with the last status of the source; and those that it offers again or no longer. None do with
 * a status that says that the source is lost, which means more, or with the first one. */
bool offer_each_change(const offer_t *offer, size_t *at, offer_stale_t *change);

/* A stream whose subscription at the exchange fails, or just failed. */
typedef struct {
    text_t symbol;
    text_t reason; /* raw JSON string content; empty: it fails no longer */
} offer_failing_t;

/* Why the subscription to the symbol fails; empty: it does not, or the source is down, which means more. */
text_t offer_failure(const offer_t *offer, text_t symbol);

/* The source's failing streams; and those that started or stopped failing with its last status, except for one that says that the source is lost.
 * *at from 0 on; false beyond the last. */
bool offer_each_failing(const offer_t *offer, size_t *at, offer_failing_t *failing);
bool offer_each_failing_change(const offer_t *offer, size_t *at, offer_failing_t *change);

/* How long nothing of the symbol can have come: 0 while one of its sources is up, else since the last of them went down. */
int64_t offers_staleness_ns(const offers_t *self, text_t symbol, int64_t now_ns);

/* Does any source offer it? */
bool offers_has(const offers_t *self, text_t symbol);
