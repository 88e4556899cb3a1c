/* A query for many trades, sent to history in pieces, so that none blocks a loop for long: neither history's nor the gateway's.
 *
 *     {"op":"recent","symbol":"BTC-USD","count":10000}
 *         ──▶ count 1000 ──▶ count 1000, "upto": the `next` of the answer before ──▶ … ──▶ one answer, as if history had been asked once
 *
 * History's `next` continues exactly where a page ended (history.md), so nothing is missing or doubled between two pieces.
 */
#pragma once

#include "common/buffer.h"

enum {
    PIECE_TRADES = 1000,     /* some 300 KB: half a millisecond */
    PIECES_BYTES = 8 << 20,  /* of an answer: as for history */
    PIECE_TRADE_BYTES = 320, /* of a trade, approximately */
    PIECES_FRONT = 256,      /* writable bytes in front of the trades, … */
    PIECES_ROOM = 1024       /* … and in front of these */
};

/* A request of history.md in parts: head, "count", tail, and where to continue. */
typedef struct {
    text_t head;           /* {"op":"recent","symbol":"BTC-USD" */
    text_t tail;           /* ,"source":"blockchain", or nothing */
    uint64_t count;        /* 0: it takes none */
    const char *next_name; /* the member that says where to continue; NULL: it can't be split */
    text_t next;           /* its value, as JSON; empty: from the start */
} asked_t;

typedef struct {
    buffer_t text; /* head and tail */
    size_t cut;    /* between them */
    const char *next_name;
    uint64_t left; /* trades still to be requested */
    bool counted;  /* the question takes a number */
    bool many;     /* it needs several pieces */
    buffer_t next;
    buffer_t trades;  /* PIECES_ROOM bytes, and what has come, separated by commas */
    buffer_t others;  /* ,"name":value of the last answer's other members */
    uint64_t missing; /* of all answers */
    bool tells_missing, incomplete;
} pieces_t;

/* Copies the query. False when memory runs out. */
bool pieces_init(pieces_t *self, const asked_t *asked);
void pieces_release(pieces_t *self);

/* Appends the next request. */
void pieces_print(const pieces_t *self, buffer_t *out);

typedef enum { PIECES_MORE, PIECES_DONE, PIECES_INVALID } pieces_state_t;

/* Takes an answer, ok and not checked otherwise, of a query in several pieces: is another one needed? */
pieces_state_t pieces_take(pieces_t *self, text_t answer);

/* Appends what goes beside the trades, but for `next`: ,"missing":… ,"incomplete":true */
void pieces_put_others(const pieces_t *self, buffer_t *out);
