/* The simulator's server: libwebsockets with its own loop, which turns the exchange too. */
#pragma once

#include "tests/simulator/exchange.h"

typedef struct server server_t;

/* Listens, and says so on stdout. exchange: must outlive it. Says on stderr why it can't listen, then returns NULL. */
server_t *server_new(const options_t *options, exchange_t *exchange);
void server_destroy(server_t **self);

/* Until SIGTERM or SIGINT. Then connections are closed with 1001, within half a second. */
void server_run(server_t *self);
