/* The exchange: it makes trades on a clock and hands each to the connections that subscribed to its symbol. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "tests/simulator/connection.h"
#include "tests/simulator/denial.h"
#include "tests/simulator/ledger.h"
#include "tests/simulator/market/market.h"
#include "tests/simulator/market/rest_fault.h"
#include "tests/simulator/options.h"
#include "tests/simulator/player.h"
#include "tests/simulator/random.h"
#include "tests/simulator/source.h"

/* What it is given must outlive it. ledger: may be NULL. NULL when memory runs out. */
sim_exchange_t *exchange_new(const sim_options_t *options, sim_source_t *source, ledger_t *ledger);
void exchange_destroy(sim_exchange_t **self);

/* A new connection, and the end of one. socket: see connection_new. NULL when memory runs out. */
sim_connection_t *exchange_connect(sim_exchange_t *self, void *socket);
void exchange_disconnect(sim_exchange_t *self, sim_connection_t *connection);

/* Does what is due now: trades, heartbeats, the ends of freezes, the ledger. To be called at least every few milliseconds. */
void exchange_turn(sim_exchange_t *self);

size_t exchange_connections(const sim_exchange_t *self);
sim_connection_t *exchange_connection(const sim_exchange_t *self, size_t i);

/* Refuse new connections for so long. */
void exchange_refuse(sim_exchange_t *self, int64_t ns);
bool exchange_refuses(const sim_exchange_t *self);

/* Answer the next `times` handshakes with a status, as "429 Too Many Requests", and header lines, each with its CR LF. */
enum { EXCHANGE_STATUS_BYTES = 64, EXCHANGE_HEADERS_BYTES = 512 };
void exchange_answer(sim_exchange_t *self, const char *status, const char *headers, uint64_t times);

/* Takes one of those answers, which stays valid until exchange_answer; false when there is none. */
bool exchange_take_answer(sim_exchange_t *self, const char **status, const char **headers);

/* The source has no trade left. */
bool exchange_finished(const sim_exchange_t *self);

/* As many unused trade ids, the first of which is returned. */
uint64_t exchange_take_trade_ids(sim_exchange_t *self, uint64_t count);

/* One JSON object. */
void exchange_status(const sim_exchange_t *self, FILE *out);

/* What is done to those who subscribe to a symbol; owned by the exchange. The place behind the last symbol's stands for symbols that are
 * not on offer. */
denial_t *exchange_denial(sim_exchange_t *self, size_t symbol);

/* Closes all connections that are open in so long; they are told at once, where the exchange does so. */
void exchange_shut_down(sim_exchange_t *self, int64_t ns);

/* A trade of a symbol that is not the source's, made and numbered now: side buy, qty 0.25. Nobody is sent it. For exchanges that count
 * their trades. False when it was lost, or memory ran out. */
bool exchange_make_odd(sim_exchange_t *self, size_t symbol, const char *price, sim_trade_t *trade);

/* Nanoseconds since 1970 by the trades' clock: the time of the newest one where they come from a file, with its times. */
int64_t exchange_now_ns(const sim_exchange_t *self);

/* Its parts. market: NULL for one that does not count its trades. */
const sim_personality_t *exchange_personality(const sim_exchange_t *self);
sim_market_t *exchange_market(sim_exchange_t *self);
sim_rest_fault_t *exchange_rest_fault(sim_exchange_t *self);
const sim_options_t *exchange_options(const sim_exchange_t *self);
const symbols_t *exchange_symbols(const sim_exchange_t *self);
player_t *exchange_player(sim_exchange_t *self);
ledger_t *exchange_ledger(sim_exchange_t *self);
random_t *exchange_random(sim_exchange_t *self);

/* A REST request was answered. */
void exchange_count_rest(sim_exchange_t *self);
