/* The exchange: it makes trades on a clock and hands each to the connections that subscribed to its symbol. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "tests/simulator/connection.h"
#include "tests/simulator/denial.h"
#include "tests/simulator/ledger.h"
#include "tests/simulator/options.h"
#include "tests/simulator/player.h"
#include "tests/simulator/random.h"
#include "tests/simulator/source.h"

typedef struct exchange exchange_t;

/* What it is given must outlive it. ledger: may be NULL. NULL when memory runs out. */
exchange_t *exchange_new(const options_t *options, source_t *source, ledger_t *ledger);
void exchange_destroy(exchange_t **self);

/* A new connection, and the end of one. socket: see connection_new. NULL when memory runs out. */
connection_t *exchange_connect(exchange_t *self, void *socket);
void exchange_disconnect(exchange_t *self, connection_t *connection);

/* Does what is due now: trades, heartbeats, the ends of freezes, the ledger. To be called at least every few milliseconds. */
void exchange_turn(exchange_t *self);

size_t exchange_connections(const exchange_t *self);
connection_t *exchange_connection(const exchange_t *self, size_t i);

/* Refuse new connections for so long. */
void exchange_refuse(exchange_t *self, int64_t ns);
bool exchange_refuses(const exchange_t *self);

/* Answer the next `times` handshakes with a status, as "429 Too Many Requests", and header lines, each with its CR LF. */
enum { EXCHANGE_STATUS_BYTES = 64, EXCHANGE_HEADERS_BYTES = 512 };
void exchange_answer(exchange_t *self, const char *status, const char *headers, uint64_t times);

/* Takes one of those answers, which stays valid until exchange_answer; false when there is none. */
bool exchange_take_answer(exchange_t *self, const char **status, const char **headers);

/* The source has no trade left. */
bool exchange_finished(const exchange_t *self);

/* As many unused trade ids, the first of which is returned. */
uint64_t exchange_take_trade_ids(exchange_t *self, uint64_t count);

/* One JSON object. */
void exchange_status(const exchange_t *self, FILE *out);

/* What is done to those who subscribe to a symbol; owned by the exchange. */
denial_t *exchange_denial(exchange_t *self, size_t symbol);

/* Its parts. */
const options_t *exchange_options(const exchange_t *self);
const symbols_t *exchange_symbols(const exchange_t *self);
player_t *exchange_player(exchange_t *self);
ledger_t *exchange_ledger(exchange_t *self);
random_t *exchange_random(exchange_t *self);
