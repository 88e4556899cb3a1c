/* The REST API of Binance: historicalTrades and klines. */
#pragma once

#include "tests/simulator/exchanges/personality.h"

extern const sim_rest_api_t binance_rest;
