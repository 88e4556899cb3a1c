/* What ZeroMQ asks about each connection to a ROUTER before it stands (ZAP, ZeroMQ's RFC 27): everybody is let in, and nobody by a name of its own.
 *
 * A ROUTER routes by what a peer calls itself (ZMQ_ROUTING_ID), if it does, and libzmq 4.3 can do one of two things with a second one of that
 * name, neither good. It ignores it, as long as it has not seen the first one go: whoever is reopened, or is there twice, waits
 * for ever. Or (ZMQ_ROUTER_HANDOVER) it ignores the first one: that one waits for ever, its answers go to whoever took its name, and if it still
 * sends something its descriptor is never closed. So the answer to ZAP's question, whose properties go over the peer's own, says that
 * the name is empty, and the ROUTER makes one up, as for everybody who has none.
 *
 * A peer tells its name when it likes, and what comes last counts. So the question is answered a moment later (ZAP_NEAR_MS, ZAP_FAR_MS), when
 * the name has come. That of a peer that takes longer is its own, and first come, first served.
 */
#pragma once

#include "common/loop.h"

enum {
    ZAP_NEAR_MS = 20, /* for a peer on this machine */
    ZAP_FAR_MS = 200, /* for another: a round trip across an ocean */
    ZAP_WAITING = 256 /* questions that may wait; beyond them they are answered at once */
};

#define ZAP_DOMAIN "dataflow" /* ZMQ_ZAP_DOMAIN of a socket whose connections are asked about */

/* ZeroMQ has one place for a process to ask at: it is there from the first zap_enter to the last zap_leave. All must be of one loop. False with a
 * log line on failure. */
bool zap_enter(loop_t *loop);
void zap_leave(void);
