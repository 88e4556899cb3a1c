/* Candles, made from the market's trades when they are asked for. */
#pragma once

#include "tests/simulator/market/exact.h"
#include "tests/simulator/market/market.h"

typedef struct {
    int64_t start_s;
    uint64_t count; /* of trades; 0: all prices are the last one before, and empty where there was none */
    sim_piece_t open, high, low, close;
    sim_exact_t volume, quote; /* sums of quantities, and of quantities × prices */
} sim_candle_t;

/* Walks over the candles of a symbol, oldest first. The pieces stay valid until the next trade is made. */
typedef struct {
    const sim_market_t *market;
    size_t symbol;
    uint64_t id; /* the next trade */
    int64_t start_s, step_s;
    sim_piece_t close; /* of the last trade before */
} sim_candles_t;

/* start_s: a multiple of step_s. */
sim_candles_t candles_from(const sim_market_t *market, size_t symbol, int64_t start_s, int64_t step_s);
void candles_next(sim_candles_t *self, sim_candle_t *candle);

/* The start of the first candle that has a trade that is known; -1: there is none. */
int64_t candles_first(const sim_market_t *market, size_t symbol, int64_t step_s);
