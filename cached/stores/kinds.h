/* The kinds of stores; store.h says what they do, proto/stores.md how each keeps what. */
#pragma once

#include "cached/stores/store.h"

/* The kind that a URL names: the text before the first ':'. NULL for none. */
const store_kind_t *store_kind(const char *url);

/* Every kind, by number: 0, 1, 2 …; NULL at the end. */
const store_kind_t *store_kind_at(size_t number);
