/* What each address, or each subject of a token, has taken of what it may in a second: connections, requests, bytes of answers. Only what is not full again need be
 * known: where there is no room for another one, the one that was heard longest ago is forgotten.
 */
#pragma once

#include "common/text.h"
#include "common/token_bucket.h"

enum { RATE_TABLE_MAX = 65536 /* entries, of some 150 bytes each */, RATE_TABLE_KEY_MAX = 512 };

typedef struct {
    token_bucket_t connects, requests, bytes;
    token_bucket_t refusals; /* what it may be refused without being ended */
} rate_entry_t;

typedef struct rate_table rate_table_t;

/* max: entries; RATE_TABLE_MAX. NULL when memory runs out. */
rate_table_t *rate_table_new(size_t max);
void rate_table_destroy(rate_table_t **self);

/* Of a key of RATE_TABLE_KEY_MAX bytes at most; valid until the next call. NULL when memory runs out. */
rate_entry_t *rate_table_of(rate_table_t *self, text_t key);

size_t rate_table_count(const rate_table_t *self);
