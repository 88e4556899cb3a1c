/* Frames that an exchange which counts its trades would not send, or hardly ever: made of a good message by changing its text. */
#pragma once

#include "tests/simulator/exchange.h"

/* How a trade looks on the wire. Names come with quotes and colon: "price": */
struct sim_malformed_wire {
    const char *id, *price, *qty, *symbol; /* names of members */
    const char *unknown_event;             /* a whole message */
    const char *unknown_symbol;            /* a value that nobody can have subscribed to */
    const char *wrong_price;               /* a value of another type than prices have */
    const char *padding;                   /* the start of a message of an unknown kind, to be closed by a string and } */
    bool quoted;                           /* prices and quantities are strings */
    void (*write)(text_writer_t *out, const sim_connection_t *connection, const sim_view_t *trade); /* a whole message */
};

typedef struct sim_malformed sim_malformed_t;

/* The kind of this name, NULL when there is none; and all names. */
const sim_malformed_t *malformed_find(const char *kind);
const char *malformed_kinds(void);

/* Whether it is made of a trade; if so, the price that this must have. */
bool malformed_of_trade(const sim_malformed_t *self);
const char *malformed_price(const sim_malformed_t *self);

/* Sends it to one connection, and writes that down. trade: in its first symbol, made and numbered; NULL where it is made of none. False when
 * it was not sent. */
bool malformed_send(const sim_malformed_t *self, sim_exchange_t *exchange, sim_connection_t *connection,
                    const sim_trade_t *trade);
