/* The last trades of a stream, so that one which comes again is known as a repeat (dedup.h), whether or not its exchange counts them.
 *
 * Where numbers count by one nothing need be searched for: what a trade says (its fingerprint) is kept in the place of its number, eight bytes each, one beside
 * the other.
 *
 *     prints   | 5e…  | 9d…  |  –   | c0…  |      the place of a number: the number modulo how many places there are
 *                4100   4101   4102   4103        4102 has not come
 *
 * What does not fit there is remembered by its id, as a trade without a number is: one that says something else than the one that has its number; one whose
 * number lost its place before it came; one far ahead of all others, unless the next one follows it. Where the numbers go on from elsewhere the places do,
 * too, and what they had is remembered by its id.
 */
#pragma once

#include "connectord/journal/dedup.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t *prints; /* owned; 0: it has not come */
    size_t places;    /* a power of two; doubles up to most_places */
    size_t most_places;
    uint64_t low, next; /* numbers that have places: [low, next) */
    uint64_t astray;    /* the last number that was too far ahead of them */
    bool others_came;   /* … and are in `others` */
    dedup_t *others;
} seen_trades_t;

/* What is known of one, by its id and, where its exchange counts it, its number (1 to INT64_MAX; else 0). */
typedef struct {
    text_t id; /* 1 to TRADE_ID_MAX characters (trade.h) */
    uint64_t number;
    uint64_t fingerprint;
} seen_trade_t;

/* window: how many trades are remembered at least; 0: none. counted: numbers have places. False when memory runs out; seen_trades_release takes it then, too, and
 * a zeroed one. */
bool seen_trades_init(seen_trades_t *self, size_t window, bool counted);
void seen_trades_release(seen_trades_t *self);

/* As those of dedup.h. An id's number is always the same. */
void seen_trades_expect(seen_trades_t *self, text_t id, uint64_t number);
dedup_verdict_t seen_trades_look(seen_trades_t *self, const seen_trade_t *trade);
void seen_trades_add(seen_trades_t *self, const seen_trade_t *trade, int64_t time_ns);
void seen_trades_keep(seen_trades_t *self, int64_t since_ns);

/* The numbers go on from this one; 0: from whichever comes. */
void seen_trades_restart(seen_trades_t *self, uint64_t number);
