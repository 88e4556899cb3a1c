/* Binance spot: WebSocket streams <symbol>@trade and REST. */
#pragma once

#include "tests/simulator/exchanges/personality.h"

extern const sim_personality_t binance_personality;
