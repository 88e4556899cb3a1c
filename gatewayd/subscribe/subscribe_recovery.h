/* A subscribe with `since`: is everything behind it there, in the rings or in history? */
#pragma once

#include "gatewayd/subscribe/subscribe_state.h"

/* Decides subscribe->recovered: one stream after the other; subscribe->judged of them are. */
subscribe_step_t subscribe_recovery(subscribe_t *subscribe);
