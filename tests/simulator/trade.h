/* One trade as text.
 *
 * The members from "symbol" to "trade_id" read the same in a message and in the ledger, so a trade is that piece of JSON,
 * made once and copied to wherever it goes.
 */
#pragma once

#include "tests/simulator/writer.h"

enum { TRADE_TEXT_BYTES = 496 };

typedef struct {
    size_t symbol; /* its place in the source's symbols */
    size_t length;
    char text[TRADE_TEXT_BYTES]; /* "symbol":"BTC-USD", ... ,"trade_id":"12884909920" */
} sim_trade_t;

/* What a trade is made of. qty and price are pieces of JSON: numbers, unless a fault wants something else there. */
typedef struct {
    const char *symbol;
    const char *timestamp;
    const char *side;
    const char *qty;
    const char *price;
    const char *trade_id;
} trade_fields_t;

void trade_write(text_writer_t *out, const trade_fields_t *fields);

/* The whole message around the members: {"seqnum":21,"event":"updated","channel":"trades", ... } */
void trade_write_message(text_writer_t *out, uint64_t seqnum, const char *members, size_t length);
