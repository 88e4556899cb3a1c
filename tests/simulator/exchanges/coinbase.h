/* Coinbase Exchange: its WebSocket feed (channels matches and heartbeat) and its REST API. */
#pragma once

#include "tests/simulator/exchanges/personality.h"

extern const sim_personality_t coinbase_personality;
