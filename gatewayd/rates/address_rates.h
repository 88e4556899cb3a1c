/* What each address (address_group.h) has taken of what it may in a second: connections, requests, bytes of answers. Only what is not full again need be known: where
 * there is no room for another address, the one that was heard longest ago is forgotten.
 */
#pragma once

#include "common/text.h"
#include "common/token_bucket.h"

enum { ADDRESS_RATES_MAX = 65536 /* addresses, of some 150 bytes each */ };

typedef struct {
    token_bucket_t connects, requests, bytes;
    token_bucket_t refusals; /* what it may be refused without being ended */
} address_rate_t;

typedef struct address_rates address_rates_t;

/* max: addresses; ADDRESS_RATES_MAX. NULL when memory runs out. */
address_rates_t *address_rates_new(size_t max);
void address_rates_destroy(address_rates_t **self);

/* Of an address as text; valid until the next call. NULL when memory runs out. */
address_rate_t *address_rates_of(address_rates_t *self, text_t address);

size_t address_rates_count(const address_rates_t *self);
