/* The making of a subscribe's answer, and where its updates begin. For subscribe.c. */
#pragma once

#include "gatewayd/streams/snapshot.h"
#include "gatewayd/subscribe/subscribe_state.h"

/* The streams, each up to where the client's updates start. */
void subscribe_snapshot(const subscribe_t *subscribe, snapshot_t *snapshot);

/* Seats the readers and answers. The request is gone then; what waits for the answer is still to be released
 * (conversation_release). */
void subscribe_answer(subscribe_t *subscribe);
