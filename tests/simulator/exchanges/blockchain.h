/* The Blockchain.com Exchange WebSocket API v1: subscribe and unsubscribe, numbered messages, the heartbeat channel. It has no REST API. */
#pragma once

#include "tests/simulator/exchanges/personality.h"

extern const sim_personality_t blockchain_personality;
