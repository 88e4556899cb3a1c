/* The symbols that clients of this gateway want, and the streams of each.
 *
 *     market BTC-USD ─┬─ live stream trade.BTC-USD.blockchain ── ring, readers
 *                     └─ live stream trade.BTC-USD.other ─────── ring, readers
 *
 * A market lives while it has subscriptions, or is kept (markets_keep). When the first one comes the bus is asked for the
 * symbol, when the last one leaves no more.
 */
#pragma once

#include "common/list.h"
#include "gatewayd/streams/coverage.h"
#include "gatewayd/streams/oldest.h"
#include "gatewayd/streams/reader.h"
#include "gatewayd/streams/ring.h"
#include "gatewayd/streams/waits.h"
#include "proto/topic.h"

typedef struct market market_t;

/* One stream of a symbol. */
struct live_stream {
    market_t *market;
    char topic_text[TOPIC_MAX];
    text_t topic, symbol, source;  /* slices of topic_text */
    ring_t *ring;                  /* NULL until it is known from where the stream is followed */
    ring_t *others[DIALECT_COUNT]; /* the same in the dialects that readers take it in; NULL where none does */
    reader_t **readers;            /* in no order */
    size_t reader_count, reader_room;
    list_t in_market;
    list_t in_dirty;     /* something was appended that readers do not know of yet, … */
    uint64_t dirty_from; /* … from this position of `ring` on */
    heap_t awaited;      /* wait_t.in_stream (waits.h): waits for the stream to reach a cursor, the lowest one first */
    list_t in_reached;   /* it grew since that was checked */
    history_coverage_t coverage;
    oldest_t oldest;
    cursor_t former; /* as markets_renew had it last */
};

struct market {
    struct markets *owner;
    char symbol_text[SUBJECT_MAX];
    text_t symbol;
    bool latest;          /* of its records the newest is what matters: who is behind gets no other one, and no gap is told */
    list_t live_streams;  /* live_stream_t.in_market */
    list_t subscriptions; /* subscription_t.in_market (readers.h) */
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

markets_t *markets_new(size_t ring_bytes, markets_wanted_fn *wanted, void *arg);

/* Destroys the markets with their live streams; there must be no subscriptions. */
void markets_destroy(markets_t **self);

/* The market of a symbol, opened if there is none. NULL when memory runs out. */
market_t *markets_open(markets_t *self, text_t symbol);
market_t *markets_find(const markets_t *self, text_t symbol);

/* Closes it when it has no subscription left and is not kept. */
void markets_release(markets_t *self, market_t *market);

enum { MARKETS_KEPT_MAX = 64 };

/* Keeps a market open until then at least, whether it has subscriptions or not: who comes back soon finds its rings. False when
 * MARKETS_KEPT_MAX others are kept. And keeps those no more that are kept for too long, or, where `unwanted` says so, at once.
 */
bool markets_keep(markets_t *self, market_t *market, int64_t until_ns);
void markets_expire(markets_t *self, int64_t now_ns, bool (*unwanted)(void *arg, const market_t *market), void *arg);

/* Gives it a new, unique version. */
void market_changed(market_t *market);

/* All markets: *at from 0 on, NULL at the end. */
market_t *markets_each(const markets_t *self, size_t *at);

/* The market's live stream of a source, created if there is none; NULL when memory runs out. */
live_stream_t *markets_live_stream(markets_t *self, market_t *market, text_t source);
live_stream_t *market_find(const market_t *market, text_t source);

/* The ring in a dialect: rendered on first use. NULL when the live stream has none
 * yet, or memory runs out. And one that is no longer wanted. */
ring_t *live_stream_ring(live_stream_t *live_stream, dialect_t dialect);
void live_stream_forget(live_stream_t *live_stream, const ring_t *ring);

/* Readers come and go. False when memory runs out. */
bool live_stream_add(live_stream_t *live_stream, reader_t *reader);
void live_stream_drop(live_stream_t *live_stream, reader_t *reader);

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
