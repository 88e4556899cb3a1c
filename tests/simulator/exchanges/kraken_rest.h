/* The REST API of Kraken: Trades and OHLC. */
#pragma once

#include "tests/simulator/exchanges/personality.h"

extern const sim_rest_api_t kraken_rest;
