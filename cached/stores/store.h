/* Where trades are kept beyond memory and the life of the process: what a store must do. To add one, implement this
 * in cached/stores/NAME.c, add it to the table in store.c, and run `make test CONTRACT=store`.
 *
 * A store is chosen by the scheme of its URL (`sqlite:///state/trades.db`). Its calls block, so they are made from separate
 * threads. One thread uses a handle at a time; several handles of one URL may be open at once, in one process or in many: those that read (load,
 * range), and those that write (append, fill, skip, retain, clear) wait for each other. Only `memory:` is private to its handle. After any
 * failure a handle may be used again, or closed and reopened.
 *
 * A trade is its canonical text (bus.md) with what is needed to find it; it comes back byte for byte. Trades at or before
 * a stream's place are never appended again, so appending the same batch twice is harmless. The place of a stream only grows,
 * and survives clear and retain: up to there the journal is no longer needed. What was cleared, or was never there, comes back only by fill.
 * Databases have signed numbers, so a trade or place whose epoch or seq is INT64_MAX or more (no journal gets there) is left out, too.
 */
#pragma once

#include "common/buffer.h"
#include "proto/cursor.h"

typedef enum {
    STORE_OK,
    STORE_AWAY, /* it can't be reached or is busy: try again later */
    STORE_REFUSED /* a wrong password, a newer schema, a corrupt file, a full disk: somebody has to fix it. Retried, too, but later */
} store_result_t;

enum { STORE_ERROR_MAX = 256 /* bytes of a message, including its NUL */ };

typedef struct {
    text_t topic; /* trade.<SYMBOL>.<source> */
    cursor_t cursor;
    int64_t timestamp_ns; /* trade_time_ns */
    text_t json;
} store_trade_t;

/* A stored stream. */
typedef struct {
    text_t topic;
    cursor_t place; /* everything up to it has been stored, or is no longer available */
    uint64_t trades;
} store_stream_t;

/* Which trades of one stream. */
typedef struct {
    text_t topic;
    cursor_t from, to;                                     /* inclusive; {0, 0} to {UINT64_MAX, UINT64_MAX}: all */
    int64_t after_ns, before_ns;                           /* exclusive; INT64_MIN and INT64_MAX: all */
    enum { STORE_OLDEST_FIRST, STORE_NEWEST_FIRST } order; /* by cursor */
    uint64_t limit;
} store_query_t;

/* The slices are valid during the call. False: enough, stop. */
typedef bool store_stream_fn(void *arg, const store_stream_t *stream);
typedef bool store_trade_fn(void *arg, const store_trade_t *trade);

typedef struct {
    const char *scheme; /* "sqlite" */

    /* Connects, and creates or migrates the schema. *self: NULL unless STORE_OK. `error` (STORE_ERROR_MAX bytes) names the thing, what was
     * expected, what was found; never a password. */
    store_result_t (*open)(const char *url, void **self, char *error);

    /* Stores a batch, and moves the streams' places to each one's last cursor, all or nothing. Trades of a stream come in the order of
     * their cursors; streams may be mixed. Trades at or before a place are left out. */
    store_result_t (*append)(void *self, const store_trade_t *trades, size_t count, char *error);

    /* Stores what the store lacks of these, from before the places: history that arrives after its successors. A stream's trades may come in
     * any order. Left out are those that exist, by cursor, and those after their stream's place, since nobody can tell whether
     * everything before is there; so is every trade of a stream without a place. Places do not change. A stream is filled completely or not at
     * all; filling twice is harmless. *filled: how many trades were new, after a failure, too. In Redis, whose streams take trades only at their
     * end, it means writing the whole stream again. */
    store_result_t (*fill)(void *self, const store_trade_t *trades, size_t count, uint64_t *filled, char *error);

    /* Moves the place of a stream without a trade: what is up to it is not available. A lower place changes nothing. */
    store_result_t (*skip)(void *self, text_t topic, cursor_t place, char *error);

    /* Every stream that has a place. */
    store_result_t (*load)(void *self, store_stream_fn *stream, void *arg, char *error);

    /* The trades that the query asks for, in order. None for an unknown topic. */
    store_result_t (*range)(void *self, const store_query_t *query, store_trade_fn *trade, void *arg, char *error);

    /* Drops the oldest trades of a stream: all but the newest `keep`, and all with a timestamp before `before_ns`. *dropped: how many. It may
     * drop only a part, of at least 10,000: call again while *dropped is not 0. */
    store_result_t (*retain)(void *self, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error);

    /* No stream keeps trades older than this (0: some may be of any age): a store that can drop what is another day older on its own may do so
     * while nobody calls retain, which continues as before. NULL: it can't. Repeating it costs nothing. */
    store_result_t (*expire)(void *self, int64_t age_ns, char *error);

    /* Clears the trades of a stream, but not its place. *cleared: how many there were. However many, other handles can write
     * meanwhile. If it fails or the process ends, some may be gone, the oldest first, or all: these don't come back; call again. */
    store_result_t (*clear)(void *self, text_t topic, uint64_t *cleared, char *error);

    /* Waits for nothing. NULL is fine. */
    void (*close)(void *self);
} store_kind_t;

/* The kind that a URL names by the text before the first ':'. NULL if unknown. */
const store_kind_t *store_kind(const char *url);

/* Every kind, by number: 0, 1, 2 …; NULL at the end. */
const store_kind_t *store_kind_at(size_t number);

/* A URL for logs, without possible credentials (text_format.h). Cut at `size`, which is at least 1. */
void store_url_shown(const char *url, char *shown, size_t size);
