/* The kinds of stores; store.h says what they do, and proto/stores.md how each keeps what. */
#pragma once

#include "cached/stores/store.h"

extern const store_kind_t store_memory;   /* memory: */
extern const store_kind_t store_sqlite;   /* sqlite:///PATH, sqlite:////ABSOLUTE/PATH */
extern const store_kind_t store_postgres; /* postgres://USER:PASSWORD@HOST:PORT/DATABASE, and what else libpq takes */
extern const store_kind_t store_redis;    /* redis://USER:PASSWORD@HOST:PORT/NUMBER?trades=N, redis:///PATH/OF/SOCKET */

/* The kind that a URL names: the text before the first ':'. NULL for none. */
const store_kind_t *store_kind(const char *url);

/* Every kind, by number: 0, 1, 2 …; NULL at the end. */
const store_kind_t *store_kind_at(size_t number);
