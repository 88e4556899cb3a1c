/* The trade ids that a stream has seen last: an exchange that repeats a trade, after a reconnect say, is not believed twice.
 *
 * Ids are compared exactly, character by character. Looking one up and adding one are O(1); memory grows by doubling, up to the
 * window, and is then some 24 bytes for each id of a usual length.
 */
#pragma once

#include "common/text.h"

typedef struct dedup dedup_t;

/* window: how many ids are remembered; 0: none. Allocates little before ids come. NULL when memory runs out. */
dedup_t *dedup_new(size_t window);

bool dedup_contains(const dedup_t *self, text_t id);

/* Remembers an id (1 to TRADE_ID_MAX characters, see trade.h) that is not in yet, and forgets the oldest when the window is full, or
 * when there is no memory to make it wider. */
void dedup_add(dedup_t *self, text_t id);

/* Ids that are remembered now. */
size_t dedup_count(const dedup_t *self);

void dedup_destroy(dedup_t **self);
