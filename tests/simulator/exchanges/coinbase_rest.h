/* The REST API of Coinbase: products/<id>/trades and candles. */
#pragma once

#include "tests/simulator/exchanges/personality.h"

extern const sim_rest_api_t coinbase_rest;
