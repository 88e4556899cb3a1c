/* What each symbol should be, and what the exchange was told of it. The difference is what a connector sends, a message at a time, so that there is no
 * queue that could grow. While a symbol's answer is outstanding it is not told of again by itself.
 *
 *     wanted ─┐   differ: send, waiting for the answer      confirmed: told is what the exchange says
 *     told  ──┘                                             not heard: all that waits for an answer is sent again
 *                                                           refused, or dropped unasked: parked, until it is wanted once more
 *
 * Of one connection: the next one begins with none.
 */
#pragma once

#include "common/table.h"
#include "connectord/connectors/memo.h"
#include "proto/topic.h"

/* What each trade needs comes first. */
typedef struct {
    text_t symbol;
    bool wanted, told;
    bool waiting; /* for the answer to what was told last */
    bool parked;  /* refused or dropped: when it is asked for again is the source's to say */
    bool known;   /* it was wanted once more when it was subscribed already: that is to be confirmed */
    bool open;    /* trades may come: subscribed once, and no unsubscribe confirmed since */
    bool alone;   /* it is told of by itself: with others it was refused, and nobody knows which of them was meant */
    memo_t memo;  /* of whoever is told its trades */
    char text[SUBJECT_MAX];
    uint64_t request;    /* the number of the message that told of it last, where a connector numbers them */
    uint64_t heard;      /* the number of the answer that named it last, where a connector numbers those */
    kept_subject_t name; /* the exchange's, where it has been given one (told_symbols_name) */
} told_symbol_t;

typedef struct {
    table_t *by_symbol, *by_name;
    told_symbol_t **symbols; /* owned, in the order in which they were wanted first */
    size_t count, room;
    size_t known; /* how many of them are */
    size_t next;  /* where told_symbols_next goes on, so that each gets its turn */
} told_symbols_t;

/* False when memory runs out. told_symbols_release takes what told_symbols_init could not finish, and zeroes. */
bool told_symbols_init(told_symbols_t *self);
void told_symbols_release(told_symbols_t *self);

/* A connection has begun. */
void told_symbols_clear(told_symbols_t *self);

/* Out of memory, a wish is not taken down. Wanted once more: one that waits is told again, since its answer is overdue; one that is subscribed already is
 * known. */
void told_symbols_want(told_symbols_t *self, text_t symbol, bool wanted);

/* NULL for one that was never wanted on this connection. */
told_symbol_t *told_symbols_find(const told_symbols_t *self, text_t symbol);

/* The exchange calls it so: from now on told_symbols_named finds it by that name, and no other. False when memory runs out. */
bool told_symbols_name(told_symbols_t *self, told_symbol_t *symbol, text_t name);
told_symbol_t *told_symbols_named(const told_symbols_t *self, text_t name);

/* The only one that waits for an answer; NULL if none or several do. */
told_symbol_t *told_symbols_only_waiting(const told_symbols_t *self);

/* One that the exchange is to be told of, or NULL. It comes again until told_symbol_sent. */
told_symbol_t *told_symbols_next(told_symbols_t *self);

/* That one and others that can be told of in one message with it, at most `most` (1 or more) in all: all wanted, or none. Returns how many. */
size_t told_symbols_batch(told_symbols_t *self, told_symbol_t *first, told_symbol_t *batch[], size_t most);

/* One that waits for the answer to the message of that number, or NULL: told_symbols_waiting (…, NULL) is the first one, and with that the next one. */
told_symbol_t *told_symbols_waiting(const told_symbols_t *self, uint64_t request, const told_symbol_t *after);

/* One that is known, and is no longer so; NULL at the end. */
told_symbol_t *told_symbols_take_known(told_symbols_t *self);

/* What was not confirmed is taken as not heard. */
void told_symbols_unheard(told_symbols_t *self);

/* Is it to be told? */
bool told_symbol_is_due(const told_symbol_t *self);

/* The exchange is told what is wanted; it says what is; it refused what it was told; it has not heard it. */
void told_symbol_sent(told_symbol_t *self);
void told_symbol_confirmed(told_symbol_t *self, bool subscribed);
void told_symbol_refused(told_symbol_t *self);
void told_symbol_unheard(told_symbol_t *self);
