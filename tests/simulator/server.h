/* The simulator's server: libwebsockets with its own loop, which turns the exchange too. */
#pragma once

#include "tests/simulator/exchange.h"

typedef struct sim_server sim_server_t;

/* Listens, and says so on stdout. exchange: must outlive it. Says on stderr why it can't listen, then returns NULL. */
sim_server_t *server_new(const sim_options_t *options, sim_exchange_t *exchange);
void server_destroy(sim_server_t **self);

/* Until SIGTERM or SIGINT. Then connections are closed with 1001, within half a second. */
void server_run(sim_server_t *self);
