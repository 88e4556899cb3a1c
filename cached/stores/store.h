/* Where trades are kept beyond memory and beyond the life of the process: what a store must be able to do. Adding one: write a
 * file that defines store_NAME, add NAME to the table in kinds.c and a backend to tests/contract/store_backends.h, and run
 * `make test CONTRACT=store`.
 *
 * A store is chosen by the scheme of its URL (`sqlite:///state/trades.db`). Its calls block, so that they are made from threads
 * of their own. One thread uses a handle at a time; several handles of one URL may be open at once, in one process or in many:
 * those that read, and those that write wait for each other. Only `memory:` is private to its handle. After any failure a
 * handle may be used again, or closed and opened again.
 *
 * A trade is its canonical text (bus.md) with what is needed to find it; it comes back byte for byte. What is at or before a
 * stream's place is never appended again, so that appending the same batch twice is as good as once. The place of a stream only
 * grows, and survives clear and retain: it is up to where the journal is safe. What was cleared, or was never there, comes back
 * by fill alone. Databases count with a sign, so that a trade or a place whose epoch or seq is INT64_MAX or more (no journal
 * gets there) is left out, too.
 */
#pragma once

#include "common/buffer.h"
#include "proto/cursor.h"

typedef enum {
    STORE_OK,
    STORE_AWAY,   /* it can't be reached or is busy: try again later */
    STORE_REFUSED /* a wrong password, a newer schema, a corrupt file, a full disk: somebody must mend it. Tried again later */
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

/* What is asked of a store, and what is done to it: none of these is NULL. `error` has STORE_ERROR_MAX bytes; its message names
 * the thing, what was expected, what was found; never a password. */
typedef struct {
    /* Every stream that has a place. */
    store_result_t (*load)(void *self, store_stream_fn *stream, void *arg, char *error);

    /* The trades that the query asks for, in order. None for an unknown topic. */
    store_result_t (*range)(void *self, const store_query_t *query, store_trade_fn *trade, void *arg, char *error);
} store_reading_t;

typedef struct {
    /* Stores a batch, and moves the streams' places to each one's last cursor, all or nothing. Trades of a stream come in the
     * order of their cursors; streams may be mixed. What is at or before a place is left out. */
    store_result_t (*append)(void *self, const store_trade_t *trades, size_t count, char *error);

    /* Stores what the store lacks of these, from before the places: history that comes later than what followed it. A stream's
     * trades may come in any order. Left out is what is there already, by its cursor, and what is behind its stream's place,
     * since nobody can tell whether all before it is there; so is every trade of a stream without a place. Places stay as they
     * are. A stream is filled wholly or not at all; twice is as good as once. *filled: how many trades were new, after a
     * failure too. In Redis, whose streams take trades at their end only, the whole stream is written again. */
    store_result_t (*fill)(void *self, const store_trade_t *trades, size_t count, uint64_t *filled, char *error);

    /* Moves the place of a stream without a trade: what is up to it can't be had. A lower place changes nothing. */
    store_result_t (*skip)(void *self, text_t topic, cursor_t place, char *error);

    /* Drops the oldest trades of a stream: all but the newest `keep`, and all with a timestamp before `before_ns`. *dropped:
     * how many. It may drop a part only, of at least 10,000: call again while *dropped is not 0. */
    store_result_t (*retain)(void *self, text_t topic, uint64_t keep, int64_t before_ns, uint64_t *dropped, char *error);

    /* No stream keeps trades older than this (0: some may be of any age): a store that can drop what is a day older still by
     * itself may do so while nobody calls retain, which goes on as before; the others take store_expires_nothing. The same
     * again costs nothing. */
    store_result_t (*expire)(void *self, int64_t age_ns, char *error);

    /* Forgets the trades of a stream, but not its place. *cleared: how many there were. However many there are, other handles
     * can write meanwhile. Where it fails or the process ends, some may be forgotten, the oldest first, or all: these don't
     * come back; call again. */
    store_result_t (*clear)(void *self, text_t topic, uint64_t *cleared, char *error);
} store_writing_t;

/* A kind of store: its name, a handle's life, and the two roles that a handle plays. */
typedef struct {
    const char *scheme; /* of its URLs: "sqlite" */

    /* Connects, and makes or migrates the schema. *self: NULL unless STORE_OK. */
    store_result_t (*open)(const char *url, void **self, char *error);

    /* Waits for nothing. NULL is fine. */
    void (*close)(void *self);

    store_reading_t read;
    store_writing_t write;
} store_kind_t;

/* `expire` of a store that drops nothing by itself. STORE_OK. */
store_result_t store_expires_nothing(void *self, int64_t age_ns, char *error);
