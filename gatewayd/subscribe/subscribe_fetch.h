/* The recent trades that an answer to subscribe is to have, where the rings lack them: history is asked when it is this client's turn. */
#pragma once

#include "gatewayd/subscribe/subscribe_state.h"

enum { SUBSCRIBE_FETCH_TRIES = 4 /* while history lacks what comes right before a ring */ };

subscribe_step_t subscribe_fetch(subscribe_t *subscribe);
