/* The trade ids that a stream has seen last: an exchange that repeats a trade, after a reconnect say, is not believed twice.
 *
 * Ids are compared exactly, character by character. Looking one up and adding one are O(1); memory grows by doubling, up to the
 * window, and is then some 40 to 50 bytes for each id of a usual length.
 *
 * Where a stream comes over several connections, of which one may lag by more than the window, the ids of trades that were made since a
 * certain time are kept all the same: since the last trade of the connection that is farthest behind (dedup_keep).
 */
#pragma once

#include "common/text.h"

typedef struct dedup dedup_t;

enum { DEDUP_KEPT_MAX = 1 << 20 /* ids, or as many as the window has where that is more */ };

/* window: how many ids are remembered; 0: none. Allocates little before ids come. NULL when memory runs out. */
dedup_t *dedup_new(size_t window);

bool dedup_contains(dedup_t *self, text_t id);

/* Remembers an id (1 to TRADE_ID_MAX characters, see trade.h) that is not in yet, of a trade that was made at time_ns (of any clock that
 * dedup_keep goes by, too), and forgets the oldest when the window is full, or when there is no memory to make it wider. */
void dedup_add(dedup_t *self, text_t id, int64_t time_ns);

/* From now on ids of trades that were made at since_ns or later are not forgotten, up to DEDUP_KEPT_MAX. INT64_MAX, as at the start: the
 * window alone counts. */
void dedup_keep(dedup_t *self, int64_t since_ns);

/* Ids that are remembered now. */
size_t dedup_count(const dedup_t *self);

void dedup_destroy(dedup_t **self);
