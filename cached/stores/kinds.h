/* The kinds of stores, for store.c's table; store.h says what they do, proto/stores.md how each stores trades. */
#pragma once

#include "cached/stores/store.h"

extern const store_kind_t store_memory; /* memory: */
extern const store_kind_t store_sqlite; /* sqlite:///PATH, sqlite:////ABSOLUTE/PATH */
extern const store_kind_t
    store_postgres;                    /* postgres://USER:PASSWORD@HOST:PORT/DATABASE, and anything else that libpq accepts */
extern const store_kind_t store_redis; /* redis://USER:PASSWORD@HOST:PORT/NUMBER?trades=N, redis:///PATH/OF/SOCKET */
