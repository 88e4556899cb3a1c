/* The last trades of a stream: a trade that an exchange repeats, after a reconnect say, is not counted twice.
 *
 * A trade is known by its id and its fingerprint (fingerprint.h) together: if an exchange gives one id to many trades, because its numbering
 * restarted or all its ids are "0", none of them is lost, and the repeat of each is still recognized.
 *
 * Ids are compared exactly, character by character. Looking up and adding a trade are O(1), however many share an id; memory grows by
 * doubling, up to the window, to some 50 to 60 bytes for each trade with an id of usual length.
 *
 * If a stream comes over several connections, of which one may lag by more than the window, trades made since a
 * certain time are still remembered: since the last trade of the connection that is farthest behind (dedup_keep).
 */
#pragma once

#include "common/text.h"

typedef struct dedup dedup_t;

enum { DEDUP_KEPT_MAX = 1 << 20 /* trades, or as many as the window has where that is more */ };

typedef enum {
    DEDUP_NEW,
    DEDUP_SEEN,    /* the same trade is known */
    DEDUP_CONFLICT /* other trades with its id are, but not this one */
} dedup_verdict_t;

/* window: how many trades are remembered; 0: none. Allocates little at first. NULL when memory runs out. */
dedup_t *dedup_new(size_t window);

/* A trade with this id is to be looked up and added soon: what both will touch is fetched meanwhile, which no cache has where there are many streams. */
void dedup_expect(dedup_t *self, text_t id);

/* id: 1 to TRADE_ID_MAX characters (trade.h), here and below; dedup_expect takes any. */
dedup_verdict_t dedup_look(dedup_t *self, text_t id, uint64_t fingerprint);

/* Remembers a new trade, made at time_ns (by the same clock as dedup_keep; INT64_MIN: only the window counts for
 * it), and forgets the oldest when the window is full, or when there is no memory to make it wider. */
void dedup_add(dedup_t *self, text_t id, uint64_t fingerprint, int64_t time_ns);

/* From now on trades made at since_ns or later are not forgotten, up to DEDUP_KEPT_MAX. INT64_MAX, as at the start: only the
 * window counts. */
void dedup_keep(dedup_t *self, int64_t since_ns);

/* The number of remembered trades. */
size_t dedup_count(const dedup_t *self);

void dedup_destroy(dedup_t **self);
