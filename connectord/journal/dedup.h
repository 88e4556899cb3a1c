/* The trades that a stream has seen last: an exchange that repeats a trade, after a reconnect say, is not believed twice.
 *
 * A trade is known by its id and its fingerprint (fingerprint.h) together: an exchange that gives one id to many trades, since its numbering
 * began again or because all its ids are "0", loses none of them, and each one's repeat is recognized all the same.
 *
 * Ids are compared exactly, character by character. Looking a trade up and adding one are O(1), however many have one id; memory grows by
 * doubling, up to the window, and is then some 50 to 60 bytes for each trade with an id of a usual length.
 *
 * Where a stream comes over several connections, of which one may lag by more than the window, the trades that were made since a
 * certain time are remembered all the same: since the last trade of the connection that is farthest behind (dedup_keep).
 */
#pragma once

#include "common/text.h"

typedef struct dedup dedup_t;

enum { DEDUP_KEPT_MAX = 1 << 20 /* trades, or as many as the window has where that is more */ };

typedef enum {
    DEDUP_NEW,
    DEDUP_SEEN,    /* the same trade is in */
    DEDUP_CONFLICT /* other trades with its id are, and this one is not */
} dedup_verdict_t;

/* window: how many trades are remembered; 0: none. Allocates little before they come. NULL when memory runs out. */
dedup_t *dedup_new(size_t window);

/* id: 1 to TRADE_ID_MAX characters (trade.h), here and below. */
dedup_verdict_t dedup_look(dedup_t *self, text_t id, uint64_t fingerprint);

/* Remembers a trade that is not in yet, made at time_ns (of any clock that dedup_keep goes by, too; INT64_MIN: the window alone counts for
 * it), and forgets the oldest when the window is full, or when there is no memory to make it wider. */
void dedup_add(dedup_t *self, text_t id, uint64_t fingerprint, int64_t time_ns);

/* From now on trades that were made at since_ns or later are not forgotten, up to DEDUP_KEPT_MAX. INT64_MAX, as at the start: the
 * window alone counts. */
void dedup_keep(dedup_t *self, int64_t since_ns);

/* Trades that are remembered now. */
size_t dedup_count(const dedup_t *self);

void dedup_destroy(dedup_t **self);
