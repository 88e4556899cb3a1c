/* Messages of permessage-deflate (RFC 7692), each compressed by itself. */
#pragma once

#include "common/text.h"

typedef struct expander expander_t;

expander_t *expander_new(void);
void expander_destroy(expander_t **self);

/* What a message says: valid until the next call. Empty when it is invalid, or larger than a batch is (client.md). */
text_t expander_take(expander_t *self, text_t message);
