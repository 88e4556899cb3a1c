/* REST requests of the exchanges that have an API for what is past, and what can be told to be wrong with the answers. */
#pragma once

#include <stdio.h>

#include "tests/simulator/control.h"
#include "tests/simulator/market/page.h"

/* A request on its way through its personality. */
struct sim_rest_call {
    sim_exchange_t *exchange;
    const control_request_t *request;
    FILE *out;     /* the body goes here */
    int status;    /* 200, unless changed */
    size_t trades; /* how many are in it */
    bool empty;    /* the answer is to have no trades and no candles */
    const char *header;
    char header_value[CONTROL_TEXT_BYTES];
};

/* False: nothing is at that path. Otherwise the reply is to be released. */
bool rest_answer(sim_exchange_t *exchange, const control_request_t *request, control_reply_t *reply);

/* --- for personalities ---------------------------------------------------------- */

/* A parameter; NULL when it is not given. */
const char *rest_text(const sim_rest_call_t *call, const char *name);

/* A whole number, cut to least and most; fallback where it is not given, or is another text. */
uint64_t rest_whole(const sim_rest_call_t *call, const char *name, uint64_t least, uint64_t most, uint64_t fallback);

/* A page of up to `most` trades, from an id on, oldest first; or below an id, newest first; with what is to be wrong with it. To be
 * released with free; NULL when memory runs out. */
sim_page_t *rest_page_from(sim_rest_call_t *call, size_t symbol, uint64_t id, size_t most);
sim_page_t *rest_page_below(sim_rest_call_t *call, size_t symbol, uint64_t id, size_t most);

/* The answer is an error, with this body. */
void rest_fail(sim_rest_call_t *call, int status, const char *body);

void rest_piece(sim_rest_call_t *call, sim_piece_t piece);
void rest_exact(sim_rest_call_t *call, const sim_exact_t *number, unsigned least_decimals);
