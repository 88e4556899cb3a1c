/* Kraken: WebSocket v2 (channel trade) and REST. */
#pragma once

#include "tests/simulator/exchanges/personality.h"

extern const sim_personality_t kraken_personality;
