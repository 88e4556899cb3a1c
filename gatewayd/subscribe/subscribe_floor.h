/* A subscribe with `since` of who may not see all of the past: it goes on where their past begins, if `since` is before that. */
#pragma once

#include "gatewayd/subscribe/subscribe_state.h"

/* Finds where it begins in each stream, in its ring or by asking history (subscribe_lifted tells it then). Where nobody can tell it begins with the ring. */
subscribe_step_t subscribe_floor(subscribe_t *subscribe);
