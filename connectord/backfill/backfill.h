/* One symbol's trades in the order of their ids, whatever is lost on the way: what to publish, what to hold, what to ask for, what to give up.
 *
 *     flowing ──ids are missing──▶ holding ──nothing is missing──▶ flowing
 *        │ a connection has begun,     │ hold_ms have passed, or too many are held:
 *        ▼ nothing shows its tail      ▼ what is held is published
 *     asking for what has come      late ──nothing is missing, or the rest is given up──▶ flowing
 *
 * While ids are missing, later trades of the symbol are held, so that order stays. What the exchange gives when it is asked (past.h) is published in
 * order as it comes. Whatever comes after the hold is over is published late, behind trades with higher ids, and never dropped. An exchange that
 * can't be reached is asked again with growing pauses until patience_ms are over; one that answers without what is missing
 * BACKFILL_TRIES times: then that is given up, and is a hole, and so is all else that these answers have passed over.
 *
 * Pure: it knows neither HTTP nor the journal. Times are of clock_mono_ns, but for those of trades. Not to be called from within its callbacks.
 */
#pragma once

#include "connectord/backfill/held_trades.h"
#include "connectord/backfill/id_line.h"
#include "connectord/connectors/past.h"

enum {
    BACKFILL_TRIES = 4,            /* of what the exchange does not give */
    BACKFILL_HELD_MAX = 100000,    /* trades of a symbol that are held at a time */
    BACKFILL_REORDER_MS = 100,     /* what is missing may be on its way: so long it is only waited for */
    BACKFILL_PAUSE_MS = 500,       /* before what was asked for in vain is asked for again; doubles, up to … */
    BACKFILL_PAUSE_MAX_MS = 30000, /* … so long */
    BACKFILL_GREETING_MS =
        1500 /* a subscription may begin with trades that show where the tail is: so long they are waited for */
};

typedef struct {
    uint32_t hold_ms; /* how long trades are held at most */
    uint32_t
        patience_ms; /* how long an exchange that does not answer is asked for what is missing; a new connection is a new beginning */
} backfill_config_t;

/* What an episode of missing trades came to. */
typedef struct {
    uint64_t filled;           /* trades that had to be asked for, or were told as former ones */
    uint64_t given_up;         /* those that did not come */
    int64_t first_ns, last_ns; /* when the oldest and the newest of the filled were made; of none 0 */
    uint64_t late;             /* trades that came late, live ones too */
} backfill_outcome_t;

typedef struct {
    /* Publish the trade now. asked: it did not come over the feed. */
    void (*publish)(void *arg, trade_t *trade, bool asked);
    /* These ids will not come; the trade behind them was made at after_ns (0: it is not known). */
    void (*hole)(void *arg, id_range_t ids, int64_t after_ns);
    /* Nothing is missing now, as far as anybody can tell. */
    void (*done)(void *arg, const backfill_outcome_t *outcome);
} backfill_events_t;

/* What each trade needs comes first. */
typedef struct {
    const backfill_events_t *events;
    void *arg;
    id_line_t line; /* what has been published */
    held_trades_t held;
    bool open;      /* what has come until now is to be asked for, wherever the tail is */
    bool busy;      /* an episode is going on … */
    bool late;      /* … and its hold is over */
    bool asking;    /* a question is out … */
    bool outdated;  /* … of before the connection began: its answer does not show the tail */
    bool forgotten; /* … of before a restart: its answer does not matter */
    const backfill_config_t *config;
    uint64_t tail;         /* the exchange has trades up to this id at least */
    unsigned tries;        /* in vain, one after the other: the exchange did not give what is missing … */
    unsigned failures;     /* … or did not answer */
    int64_t ask_ns;        /* when to ask */
    int64_t held_since_ns; /* since when trades are held; 0: none are */
    int64_t failing_ns;    /* since when the exchange has not given an answer to what is missing; 0: it does */
    past_place_t place;    /* of the page that was asked for last */
    size_t page_count;     /* its trades … */
    uint64_t page_last;    /* … the highest id of which is this one … */
    bool page_gained;      /* … some of which were missing */
    uint64_t asked_to;     /* what was missing then ended before this one; 0: nothing was */
    uint64_t vain_to;      /* each of the answers in vain had a trade of this id, or of a higher one */
    backfill_outcome_t outcome;
} backfill_t;

/* Where a trade comes from: the feed; what the feed repeats of the time before it (connector.h, on_former); an answer. */
typedef enum { BACKFILL_LIVE, BACKFILL_FORMER, BACKFILL_ASKED } backfill_origin_t;

/* `config` and `events` outlive it. backfill_release takes a zeroed one, too. */
void backfill_init(backfill_t *self, const backfill_config_t *config, const backfill_events_t *events, void *arg);
void backfill_release(backfill_t *self);

/* A trade that was published before the start, in the order of publishing, before all else. What one leaves out is missing, unless it comes later or is
 * forgotten; of what lies before the first one nothing is. */
void backfill_had(backfill_t *self, uint64_t id, int64_t time_ns);
void backfill_forget(backfill_t *self, id_range_t ids);

/* A trade (its timestamp_ns is set) has come: it is published, or a copy is held. False: its id is known. */
bool backfill_take(backfill_t *self, trade_t *trade, uint64_t id, backfill_origin_t origin, int64_t now_ns);

/* The ids go on from this one (0: from whichever comes): the exchange counts from elsewhere now, or what is missing does not matter. What is held is published. */
void backfill_restart(backfill_t *self, uint64_t next);

/* The exchange has trades up to this id. */
void backfill_tail(backfill_t *self, uint64_t id, int64_t now_ns);

/* A connection has begun; what was traded before it did not come. */
void backfill_resume(backfill_t *self, int64_t now_ns);

/* When backfill_due is to be called; INT64_MAX: not as things are. */
int64_t backfill_next_ns(const backfill_t *self);

/* Does what is due: ends a hold, gives up. True: a question is to be asked, from *place on. */
bool backfill_due(backfill_t *self, int64_t now_ns, past_place_t *place);

/* It is asked: no other one is until it is answered, its trades having been taken, or is not. */
void backfill_asked(backfill_t *self, const past_place_t *place);
void backfill_answered(backfill_t *self, const past_t *past, int64_t now_ns);
void backfill_unanswered(backfill_t *self, int64_t now_ns);

/* The question was taken back: it is as if it had never been asked. */
void backfill_cancelled(backfill_t *self);

/* How many trades are missing now, as far as is known. */
uint64_t backfill_missing(const backfill_t *self);
