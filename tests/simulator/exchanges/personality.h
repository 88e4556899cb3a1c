/* Whose API the simulator speaks. Each is a table of functions; adding one: a file with its table, a line in personality.c.
 *
 * No member is NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/simulator/trade.h"

typedef struct sim_exchange sim_exchange_t;
typedef struct sim_connection sim_connection_t;
typedef struct sim_rest_call sim_rest_call_t;
typedef struct sim_malformed_wire sim_malformed_wire_t;

/* Its WebSockets. */
typedef struct {
    bool (*serves)(const char *path);

    /* A connection was made, at a path with a query ("a=b&c=d", decoded; or ""). False when memory runs out. */
    bool (*opened)(sim_exchange_t *exchange, sim_connection_t *connection, const char *path, const char *query);

    /* Acts on one message and answers it. message: NUL-terminated, and of this length. */
    void (*request)(sim_exchange_t *exchange, sim_connection_t *connection, const char *message, size_t length);

    /* A pong with this payload came in. */
    void (*pong)(sim_connection_t *connection, const char *payload, size_t length);

    /* Does what is due on a connection: heartbeats, pings, ends. To be called after the trades of every turn. */
    void (*turn)(sim_exchange_t *exchange, sim_connection_t *connection, int64_t now_ns);

    /* Prints a trade and sends it. False when it was not taken. */
    bool (*send_trade)(sim_connection_t *connection, uint64_t seqnum, const sim_trade_t *trade);
} sim_protocol_t;

/* What it does wrong, or says, when a test asks for it. */
typedef struct {
    /* Ends a subscription to a symbol's trades that nobody asked to be ended, and says so where the exchange would. False: there was none. */
    bool (*drop)(sim_exchange_t *exchange, sim_connection_t *connection, size_t symbol);

    /* What a connection hears that asks too much. */
    void (*throttled)(sim_connection_t *connection);

    /* What is said before all connections end. */
    void (*shutting_down)(sim_connection_t *connection);

    /* How its trades are malformed (malformed.h). */
    const sim_malformed_wire_t *wire;
} sim_manners_t;

/* Its REST API. */
typedef struct {
    /* Answers a GET (rest.h). False: nothing is at that path. */
    bool (*get)(sim_rest_call_t *call);

    /* The body of an answer that is an error: what stands before and behind its text. */
    const char *error_head, *error_tail;
} sim_rest_api_t;

/* Room for two thousand symbols in a request, and for all their snapshots in what waits. */
enum { MESSAGE_MAX_USUAL = 256 * 1024, OUTBOX_USUAL = 32 * 1024 * 1024 };

typedef struct {
    const char *name;
    bool counts;      /* the trade ids of a symbol count up by one, and what was traded can be asked for; else neither is so */
    bool asks_origin; /* for the header Origin: https://exchange.blockchain.com */
    size_t message_max_bytes;
    size_t outbox_bytes;                                                      /* more than that waiting ends a connection */
    void (*write_qty)(text_writer_t *out, uint64_t units, unsigned decimals); /* of the random walk's trades */
    const sim_protocol_t *protocol;
    const sim_manners_t *manners;
    const sim_rest_api_t *rest;
} sim_personality_t;

/* NULL: there is none of that name. All names: "blockchain, coinbase, …". */
const sim_personality_t *personality_find(const char *name);
#define PERSONALITY_NAMES "blockchain, coinbase, kraken or binance"
