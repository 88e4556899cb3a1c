/* A trade, and its one encoding: the JSON object that is journaled, published, stored and sent to clients, byte for byte the same
 * everywhere (bus.md has the grammar).
 *
 *     {"epoch":1763941200123456,"seq":42,"seqnum":21,"event":"updated","channel":"trades","symbol":"BTC-USD",
 *      "timestamp":"2025-11-10T17:24:33.937345Z","side":"buy","qty":0.00885072,"price":105383.80000,"tradeId":"10218211",
 *      "source":"blockchain","received":"2025-11-10T17:24:33.981112345Z"}        (in one line, without white space)
 */
#pragma once

#include "common/clock.h"
#include "proto/cursor.h"

#define TRADE_FUTURE_NS (INT64_C(24) * 3600 * NS_PER_S) /* no correct clock is this far ahead (trade_time_ns) */

enum { TRADE_ID_MAX = 64, TRADE_MAX = 768 /* bytes of the encoding, at most */ };

typedef enum { SIDE_BUY, SIDE_SELL } side_t;

typedef struct {
    cursor_t cursor;
    uint64_t seqnum;      /* the exchange's own number of the message */
    text_t symbol;        /* topic.h: symbol_valid */
    text_t timestamp;     /* the exchange's own, as it sent it: timestamp_parse reads it */
    int64_t timestamp_ns; /* what it says, in ns since 1970: from trade_parse and trade_valid; nobody else need set it */
    side_t side;
    text_t qty, price;    /* decimal_valid; exact text */
    text_t id;            /* the exchange's trade id: 1 to TRADE_ID_MAX printable ASCII characters but '"' and '\' */
    text_t source;        /* topic.h: source_valid */
    int64_t received_ns;  /* when connectord received it, ns since 1970 */
    text_t channel, data; /* of a record that is no trade (record.h); empty in a trade */
} trade_t;

/* 1 to TRADE_ID_MAX printable ASCII characters but '"' and '\'. */
bool trade_id_valid(text_t id);

/* Is every field as the comments above say? On true timestamp_ns is set, too; on false *wrong is the first offending field's name on the
 * wire. cursor and received_ns are not checked. */
bool trade_valid(trade_t *trade, const char **wrong);

/* Prints a valid trade. Returns the length, at most TRADE_MAX. No NUL. */
size_t trade_print(char out[static TRADE_MAX], const trade_t *trade);

/* Reads exactly what trade_print prints (canonical order, no white space); the slices point into `json`. False for anything else.
 * About 0.2 µs: a comparison with the fixed parts and a scan of the variable ones. */
bool trade_parse(text_t json, trade_t *trade);

/* Was it made later than bound_ns after it was received? timestamp_ns and received_ns have to be set, here and below. */
static inline bool trade_is_future(const trade_t *trade, int64_t bound_ns)
{
    return trade->timestamp_ns - trade->received_ns > bound_ns;
}

/* When it was made, for order and age: its timestamp, or, if that is ahead by more than TRADE_FUTURE_NS, when it
 * was received. */
static inline int64_t trade_time_ns(const trade_t *trade)
{
    return trade_is_future(trade, TRADE_FUTURE_NS) ? trade->received_ns : trade->timestamp_ns;
}

/* Only the id, from the end of the object, without parsing the rest. */
bool trade_id(text_t json, text_t *id);

/* Only epoch and seq, from the start of the object, without parsing the rest. */
bool trade_cursor(text_t json, cursor_t *cursor);

/* How many trades stand in a text of them, as in an array: no trade has its first member's name anywhere else. */
size_t trade_count(text_t trades);
