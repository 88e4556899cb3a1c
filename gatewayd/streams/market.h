/* The symbols that clients of this gateway want, and the streams of each.
 *
 *     market BTC-USD ─┬─ live stream trade.BTC-USD.blockchain ── ring, readers
 *                     └─ live stream trade.BTC-USD.other ─────── ring, readers
 *
 * A market lives while it has subscriptions, is kept (markets_keep), or has delayed ones. When the first one comes the bus is asked for the
 * symbol, when the last one leaves no more.
 *
 * A delayed market has the same streams, and in each the same records so much later: rings of its own, for all whose role has that delay. What
 * fills them is history/delays.h.
 */
#pragma once

#include "common/list.h"
#include "gatewayd/streams/live_stream.h"

struct market {
    struct markets *owner;
    char symbol_text[SUBJECT_MAX];
    text_t symbol;
    bool latest;          /* of its records the newest is what matters: who is behind gets no other one, and no gap is told */
    list_t live_streams;  /* live_stream_t.in_market */
    list_t subscriptions; /* subscription_t.in_market (readers.h) */
    market_t *live;       /* the one that this follows so much later; NULL: it is live itself */
    int64_t delay_ns;
    list_t delayed; /* market_t.in_live: those that follow this one */
    list_t in_live;
    list_t in_kept;
    int64_t kept_ns;    /* until when it is kept */
    int64_t whole_ns;   /* when history last had no other stream of it than the live streams; 0: never yet */
    int64_t proving_ns; /* when history was last asked whether that still holds */
    uint64_t
        version; /* changes whenever the content of its rings, or what is known of history, changes; unique among markets */
};

typedef struct markets markets_t;

/* The bus should carry a symbol, or no longer. */
typedef void markets_wanted_fn(void *arg, text_t symbol, bool wanted);

/* A delayed market has one stream more, or is about to lose it. */
typedef void markets_delayed_fn(void *arg, live_stream_t *live_stream, bool opened);

markets_t *markets_new(size_t ring_bytes, markets_wanted_fn *wanted, void *arg);

/* Destroys the markets with their live streams; there must be no subscriptions. */
void markets_destroy(markets_t **self);

/* The market of a symbol, opened if there is none. NULL when memory runs out. */
market_t *markets_open(markets_t *self, text_t symbol);
market_t *markets_find(const markets_t *self, text_t symbol);

/* The one that is so much later, with the live one. delay_ns: 1 and up. NULL when memory runs out. */
market_t *markets_open_delayed(markets_t *self, text_t symbol, int64_t delay_ns);

/* Who fills the streams of delayed markets; NULL: nobody. */
void markets_tell_delayed(markets_t *self, markets_delayed_fn *told, void *arg);

/* Closes it when nothing keeps it open. */
void markets_release(markets_t *self, market_t *market);

enum { MARKETS_KEPT_MAX = 64 };

/* Keeps a market open until then at least, whether it has subscriptions or not: who comes back soon finds its rings. False when
 * MARKETS_KEPT_MAX others are kept. And keeps those no more that are kept for too long, or, where `unwanted` says so, at once.
 */
bool markets_keep(markets_t *self, market_t *market, int64_t until_ns);
void markets_expire(markets_t *self, int64_t now_ns, bool (*unwanted)(void *arg, const market_t *market), void *arg);

/* Gives it a new, unique version. */
void market_changed(market_t *market);

/* All that are live: *at from 0 on, NULL at the end. Each has its delayed ones (market_t.delayed). */
market_t *markets_each(const markets_t *self, size_t *at);

/* The market's live stream of a source, created if there is none, with those of the live market and of its delayed ones; NULL when memory runs out. */
live_stream_t *markets_live_stream(markets_t *self, market_t *market, text_t source);
live_stream_t *market_find(const market_t *market, text_t source);

/* The streams of a symbol from a source: that of the live market, and those of its delayed ones. *at from 0 on; NULL at the end. */
live_stream_t *markets_each_stream(const markets_t *self, text_t symbol, text_t source, size_t *at);

/* A stream of a market begins after `last`: has a ring from now on. False when memory runs out. */
bool market_begin(live_stream_t *live_stream, cursor_t last);

/* Appends a record; tells that all of [from, to] is missing; tells that the stream goes on in another epoch behind `to`, where `from` is behind the end of
 * the former one, and what is between nobody knows. Nothing happens before it has begun, or where it is at that cursor already. */
void market_append(live_stream_t *live_stream, cursor_t at, text_t json);
void market_gap(live_stream_t *live_stream, cursor_t from, cursor_t to);
void market_turn(live_stream_t *live_stream, cursor_t from, cursor_t to);

/* What comes from the bus. A stream starts after `last`: its live stream, now with a ring; NULL when nobody wants it or memory
 * runs out. */
live_stream_t *markets_stream(markets_t *self, text_t topic, cursor_t last);
void markets_trade(markets_t *self, text_t topic, cursor_t at, text_t json);
void markets_gap(markets_t *self, text_t topic, cursor_t from, cursor_t to);

/* The stream goes on in another epoch without a hole: what was (former.epoch, former.seq + n) is (last.epoch, n), up to `last`.
 * Rings and readers have the new cursors then; clients are told by a trades.gap from where the former epoch ended to `last`. */
void markets_renew(markets_t *self, text_t topic, cursor_t former, cursor_t last);

/* Has so much been appended to a ring without its readers' knowledge that they should be told before there is more? */
bool markets_pressing(const markets_t *self);

/* How many live streams have grown since they were last taken. */
size_t markets_dirty(const markets_t *self);

/* One that waits for a live stream that has come to where it does (waits.h), which still waits: end it, and call again. NULL
 * when there is none. */
wait_t *markets_reached(markets_t *self);

/* The next live stream that has grown since it was last taken; NULL when there is none. */
live_stream_t *markets_take_dirty(markets_t *self);
