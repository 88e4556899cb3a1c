/* A question for many trades, asked of history in pieces, so that none of them takes anybody's loop for long: neither history's nor the gateway's.
 *
 *     {"op":"recent","symbol":"BTC-USD","count":10000}
 *         ──▶ count 1000 ──▶ count 1000, "upto": the `next` of the answer before ──▶ … ──▶ one answer, as if history had been asked once
 *
 * History's `next` goes on exactly where a page ended (history.md), so that nothing is missing or doubled between two pieces.
 */
#pragma once

#include "common/buffer.h"

enum {
    PIECE_TRADES = 1000,     /* some 300 KB: half a millisecond */
    PIECES_BYTES = 8 << 20,  /* of an answer: as history's */
    PIECE_TRADE_BYTES = 320, /* that a trade has, about */
    PIECES_FRONT = 256,      /* writable bytes in front of the trades, … */
    PIECES_ROOM = 1024       /* … and in front of these */
};

/* A request of history.md as it is asked: head, "count", tail, and where to go on. */
typedef struct {
    text_t head;           /* {"op":"recent","symbol":"BTC-USD" */
    text_t tail;           /* ,"source":"blockchain", or nothing */
    uint64_t count;        /* 0: it takes none */
    const char *next_name; /* the member that says where to go on; NULL: it can't be cut */
    text_t next;           /* its value, as JSON; empty: from the beginning */
} asked_t;

typedef struct {
    buffer_t text; /* head and tail */
    size_t cut;    /* between them */
    const char *next_name;
    uint64_t left; /* trades still to be asked for */
    bool counted;  /* the question takes a number */
    bool many;     /* it takes more than one piece */
    buffer_t next;
    buffer_t trades;  /* PIECES_ROOM bytes, and what has come, behind one another, a comma between */
    buffer_t others;  /* ,"name":value of the last answer's other members */
    uint64_t missing; /* of all answers */
    bool tells_missing, incomplete;
} pieces_t;

/* Copies the question. False when memory runs out. */
bool pieces_init(pieces_t *self, const asked_t *asked);
void pieces_release(pieces_t *self);

/* Appends the next request. */
void pieces_print(const pieces_t *self, buffer_t *out);

typedef enum { PIECES_MORE, PIECES_DONE, PIECES_INVALID } pieces_state_t;

/* Takes an answer that is ok, of a question that takes many: is another one to be asked for? */
pieces_state_t pieces_take(pieces_t *self, text_t answer);

/* Appends what is told beside the trades: ,"missing":… ,"incomplete":true ,"next":… */
void pieces_put_others(const pieces_t *self, buffer_t *out);
