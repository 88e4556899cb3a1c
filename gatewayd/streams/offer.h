/* What one source says of itself: which symbols it offers, up to where each stream reaches, whether it is connected, and what
 * changed with its last status. */
#pragma once

#include "common/table.h"
#include "proto/status.h"
#include "proto/topic.h"

enum {
    OFFERS_SYMBOLS_MAX = 100000, /* of one source */
    OFFER_REASON_MAX = 120,
    OFFER_BREAKER_MAX = 16,
    OFFER_CHANNELS_MAX = 4096,
    OFFER_UPSTREAM_MAX = 1 << 20 /* bytes of its holes, and of its backfill; more is as if nothing had been said */
};

typedef struct {
    text_t name;      /* the offer's own */
    bool connected;   /* as it said last */
    bool silent;      /* it has not said anything for long */
    int64_t since_ns; /* since when it is up or down */
    int64_t down_ns;  /* when it last went down; 0: never yet */
    int64_t heard_ns;
    bool missed_known;             /* is it known how many trades were missed … */
    uint64_t missed;               /* … when it went down last? Of one that is up */
    text_t reason;                 /* why it is down, as raw JSON string content; the offer's own */
    text_t breaker;                /* "closed", "open", "half_open"; the offer's own */
    uint32_t health;               /* as it said last: 0 to 100 */
    uint64_t id_conflicts, future; /* trades counted as odd: status.h */
    size_t stale;                  /* how many of its streams are */
    size_t failing;                /* of how many the subscription at the exchange fails */
    text_t group;                  /* of sources that stand in for one another; empty: none; the offer's own */
    bool active;                   /* are its trades published? Of a source in a group */
    text_t channels;               /* as status_t.channels; the offer's own */
    text_t holes, backfill;        /* as status_t has them; the offer's own */
    bool demand;                   /* it is subscribed to what somebody wants, and to nothing else */
    uint64_t epoch;
    uint64_t run;          /* of the connectord that was heard last */
    uint64_t former_epoch; /* what connectord had before it renewed its journal (bus.md); 0: nothing */
    table_t *symbols;      /* symbol → offer_stream_t; owned */
} offer_t;

bool offer_up(const offer_t *offer);

/* Does it offer the symbol? *last: the end of the stream as last heard; may be NULL. */
bool offer_has(const offer_t *offer, text_t symbol, cursor_t *last);

/* A cursor of the stream's former epoch as it is in the present one; any other as it is. */
cursor_t offer_present(const offer_t *offer, text_t symbol, cursor_t cursor);

/* The source's symbols: *at from 0 on; false beyond the last. */
bool offer_each(const offer_t *offer, size_t *at, text_t *symbol);

/* A stream that is stale: connected, but without a trade for longer than is likely. last_ns: when it had one, ns since 1970. */
typedef struct {
    text_t symbol;
    int64_t last_ns;
    bool stale; /* of a change: it became so, or is gone; false: it is no more, or is offered again */
    bool gone;  /* the source no longer offers it */
    bool again; /* of a change: it offers it again */
} offer_stale_t;

/* Is the source's stream of that symbol stale? */
bool offer_is_stale(const offer_t *offer, text_t symbol, offer_stale_t *stale);

/* The source's stale streams: *at from 0 on; false beyond the last. */
bool offer_each_stale(const offer_t *offer, size_t *at, offer_stale_t *stale);

/* The streams that became stale, or stopped being so, with the last status of the source; and those that it offers again or no longer.
 * None do with a status that says that the source is lost, which says more, or with the first one. */
bool offer_each_change(const offer_t *offer, size_t *at, offer_stale_t *change);

/* A stream whose subscription at the exchange fails, or just did. */
typedef struct {
    text_t symbol;
    text_t reason; /* raw JSON string content; empty: it fails no longer */
} offer_failing_t;

/* Why the subscription to the symbol fails; empty: it does not, or the source is down, which says more. */
text_t offer_failure(const offer_t *offer, text_t symbol);

/* The source's failing streams; and those that began or ceased to fail with its last status, but for one that says that the
 * source is lost. *at from 0 on; false beyond the last. */
bool offer_each_failing(const offer_t *offer, size_t *at, offer_failing_t *failing);
bool offer_each_failing_change(const offer_t *offer, size_t *at, offer_failing_t *change);

/* Holes upstream that are new with the last status of the source: of a symbol the last one, however many there are. Of a symbol that is heard of for the first
 * time in this run of connectord, or since it was withdrawn, nobody can tell new ones from old: there are none. *at from 0 on; false beyond the last. */
bool offer_each_hole(const offer_t *offer, size_t *at, status_hole_t *hole);

/* --- for offer_record.h, which keeps it up to date --- */

typedef struct offer_stream offer_stream_t;

struct offer_stream {
    offer_stream_t *next; /* of the gone */
    char symbol_text[SUBJECT_MAX];
    text_t symbol;
    bool gone;  /* no longer offered since the last status */
    bool fresh; /* not offered before the last status */
    uint64_t last;
    uint64_t former;      /* of the offer's former epoch: (former_epoch, former + n) is (epoch, n) */
    uint64_t round;       /* of the status that named it last */
    uint64_t stale_round; /* … that named it as stale */
    int64_t stale_ns;     /* when its last trade came; 0: it is not stale */
    uint64_t fail_round;  /* … as failing */
    char *failure;        /* owned: why its subscription fails, as raw JSON string content; NULL: it does not */
    bool turned;          /* that began or ended with the last status */
    uint64_t holes;       /* upstream, in this run */
    bool holed;           /* … and more with the last status: … */
    status_hole_t hole;   /* … the last of them */
    int64_t change_ns;    /* the same, of one whose staleness changed with the last status; 0: it did not */
    bool again;           /* … because it is offered again */
};

/* An offer with what its slices point to. */
typedef struct {
    offer_t public; /* the first member: an offer_t is its record */
    char name[SOURCE_MAX];
    char reason[OFFER_REASON_MAX];
    char breaker[OFFER_BREAKER_MAX];
    char group[SOURCE_MAX];
    char channels[OFFER_CHANNELS_MAX];
    buffer_t holes, backfill;
    uint64_t round;       /* of statuses */
    size_t changes;       /* streams that became stale, or stopped being so, with the last status, or are offered again */
    size_t turns;         /* streams that began or ceased to fail with the last status */
    size_t holed;         /* streams that have more holes */
    uint64_t holes_run;   /* whose holes are counted */
    size_t fresh;         /* streams that were not offered before the last status */
    offer_stream_t *gone; /* owned, until the next status */
} offer_record_t;
