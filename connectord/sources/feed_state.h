/* The inside of a feed (feed.h), for the files that make it up. */
#pragma once

#include "common/table.h"
#include "connectord/backfill/past_asker.h"
#include "connectord/backfill/seen_trades.h"
#include "connectord/health/oddities.h"
#include "connectord/lines/line_progress.h"
#include "connectord/sources/cover.h"
#include "connectord/sources/feed_shared.h"
#include "connectord/witness/witness.h"
#include "proto/record.h"

enum { CACHE_LINE = 64 };

/* One subject's way through connectord. What each trade needs comes first, in three lines of a cache: there may be thousands, of which no cache has the rest. */
typedef struct {
    _Alignas(CACHE_LINE) feed_t *feed;
    journal_stream_t *stream;
    seen_trades_t seen;
    bool remembered;       /* its last trades are in the window */
    bool subscribed;       /* on a line that is up */
    bool resumes;          /* what was missed before that is to be asked for, once it is remembered */
    bool stood_by;         /* another source of the group was active since it was subscribed last */
    bool ran_ahead;        /* while it is remembered: trades were published that did not wait for those before them */
    bool offered;          /* while the symbols change: by the new ones, too */
    bool came;             /* it is in no list of symbols: its channel takes every key */
    asked_symbol_t asked;  /* of an exchange that can be asked (feed_past.c): its asker is not NULL */
    uint64_t stray_id;     /* of the last trade, if it did not follow the others; else 0 */
    cover_filled_t filled; /* of the episode that is going on */
    text_t symbol;
    char symbol_text[SUBJECT_MAX];
    line_progress_t progress;
    cover_t cover;
    witnessed_t witnessed; /* of an exchange that has candles (feed_witness.c) */
} feed_route_t;

struct feed {
    const feed_shared_t *shared;
    redundant_lines_t *lines;
    group_member_t *member; /* NULL: it is in no group */
    uint64_t saved;         /* trades journaled while not all lines were connected */
    unjournaled_t unjournaled;
    unjournaled_t uncovered; /* records of coverage, which are no trades of the exchange's */
    past_asker_t *asker;     /* NULL: the exchange can't be asked for the past */
    uint64_t late, given_up; /* trades of episodes that are over (backfill.h) */
    backfill_config_t backfill;
    loop_timer_t *remembering; /* of the streams whose past is to be asked for */
    bool untold;               /* there are holes that the bus has not heard of: it is told when that timer fires */
    bool covers;               /* its coverage is told */
    int64_t heard_ns;          /* when the process before heard of it last */
    witness_t *witness;        /* NULL: the exchange's candles are not asked for */
    oddities_t oddities;
    feed_route_t **routes; /* owned, one for every symbol that the source offers */
    size_t count, room;
    size_t known; /* of them are remembered, the first ones */
    table_t *by_symbol;
    uint64_t stamp;                                       /* of memos: greater, once routes have gone */
    buffer_t symbols, former, channels, holes, backfills; /* of the status that was made last */
};

/* Is another source of its group active? */
bool feed_stands_by(const feed_t *self);

/* Takes a trade into the journal, unless it has come before: false then. time_ns: feed_route_time. */
bool feed_route_take(feed_route_t *route, trade_t *trade, int64_t time_ns);

/* When the trade was made, for the window of duplicates: 0 where that does not matter, as there is one line; INT64_MIN: one of the future. */
int64_t feed_route_time(const feed_route_t *route, const trade_t *trade);

/* Tells the bus how things stand. */
void feed_tell(feed_t *self);

/* --- feed_routes.c --- */

/* A route for each subject of the settings that has none yet; and for those of the journal that may come again. The first is false without memory, or where the
 * journal has no room. */
bool feed_routes_add(feed_t *self, const source_config_t *settings);
void feed_routes_add_known(feed_t *self);

/* Offers those from this number on to demand: whoever wants one already is heard at once. */
bool feed_routes_offer(feed_t *self, size_t from);

/* Drops those of subjects that the source does not offer. */
void feed_routes_drop(feed_t *self);

/* NULL: the source does not offer the subject, or there can't be more. One that may come is made when it does. */
feed_route_t *feed_route_for(feed_t *self, text_t subject);
bool feed_may_come(const feed_t *self, text_t subject);

void feed_route_destroy(feed_route_t *route);

/* --- feed_memory.c: what a stream had before --- */

/* What there is to know of a trade when it comes again. */
seen_trade_t feed_route_seen(const feed_route_t *route, const trade_t *trade);

/* Begins a window in which its last trades are remembered. False without memory. */
bool feed_route_new_window(feed_route_t *route);

/* Learns the stream's last trades from the journal; those of the next one that has not: false where all have. */
void feed_route_remember(feed_route_t *route);
bool feed_remember_next(feed_t *self);

/* The journal has lost some: they are learned once more. */
void feed_route_forget(feed_route_t *route);

/* --- feed_past.c: the streams of an exchange that can be asked for the past (past.h): their trades go through backfill.h, which knows by their ids what is missing;
 * and what is known of the completeness of every stream (cover.h) --- */

/* Before the first route. False without memory. */
bool feed_past_open(feed_t *self);
void feed_past_close(feed_t *self); /* after the last one */

/* A route has been made; it goes. False without memory. */
bool feed_past_add(feed_route_t *route);
void feed_past_remove(feed_route_t *route);

/* Is it a trade whose number counts? */
bool feed_past_counts(const feed_route_t *route, const trade_t *trade, uint64_t *id);

/* One of those has come over the feed. False: it is a duplicate. */
bool feed_past_take(feed_route_t *route, trade_t *trade, uint64_t id, backfill_origin_t origin);

/* The first trade of the journal that has to be remembered, wherever the window begins; UINT64_MAX: none has. */
uint64_t feed_past_since(const feed_route_t *route);

/* A trade that the journal had at the start; and there is no more: what the process before has lost is asked for. */
void feed_past_had(feed_route_t *route, const trade_t *trade);
void feed_past_remembered(feed_route_t *route);

/* The exchange has trades of the symbol up to this id. */
void feed_past_tail(feed_route_t *route, uint64_t last_id);

/* It has been subscribed, or a line was lost: is it still subscribed anywhere? */
void feed_past_look(feed_route_t *route);

/* What is not known yet is forgotten: the journal has lost trades. */
void feed_past_restart(feed_route_t *route);

/* --- feed_witness.c: the streams are compared with the exchange's own candles (witness.h). Each as the one of feed_past.c: --- */
bool feed_witness_open(feed_t *self);
void feed_witness_close(feed_t *self);
bool feed_witness_add(feed_route_t *route);
void feed_witness_remove(feed_route_t *route);

/* What came before is not known: another source of the group was active. */
void feed_witness_forget(feed_route_t *route);
