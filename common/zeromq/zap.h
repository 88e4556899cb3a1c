/* What ZeroMQ asks about each connection to a socket that this process has bound, before it stands (ZAP, ZeroMQ's RFC 27): whether it is admitted,
 * and by what name. A socket that asks takes no connection of a peer that can't be asked about: ZMTP before 3.0, unversioned, which is what any text
 * is, an HTTP request of a web page, too.
 *
 * A ROUTER routes by what a peer calls itself (ZMQ_ROUTING_ID), if it does, and libzmq 4.3 can do one of two things with a second one of that
 * name, neither good. It ignores it, as long as it has not seen the first one go: whoever is reopened, or is there twice, waits
 * for ever. Or (ZMQ_ROUTER_HANDOVER) it ignores the first one: that one waits for ever, its answers go to whoever took its name, and if it still
 * sends something its descriptor is never closed. So the answer to ZAP's question, whose properties go over the peer's own, says that
 * the name is empty, and the ROUTER makes one up, as for everybody who has none.
 *
 * A peer tells its name when it likes, and what comes last counts. So the question is answered a moment later (ZAP_NEAR_MS, ZAP_FAR_MS), when
 * the name has come. That of a peer that takes longer is its own, and first come, first served. Where names do not matter it is answered at once.
 */
#pragma once

#include "common/loop/loop.h"
#include "common/text.h"

enum {
    ZAP_NEAR_MS = 20,  /* for a peer on this machine */
    ZAP_FAR_MS = 200,  /* for another: a round trip across an ocean */
    ZAP_WAITING = 256, /* questions about connections to ROUTERs that may wait; beyond them they are answered at once */
    ZAP_DOMAIN_MAX = 24
};

typedef struct {
    bool names; /* peers have names that matter: a ROUTER */
    /* Is a peer of that address admitted? And when its connection stands, 1 and up: its id, which comes as "User-Id" with its messages. */
    bool (*admits)(void *arg, text_t address);
    uint64_t (*next_id)(void *arg);
    /* How long after the last one, in ns, the next connection may stand; 0: at once. NULL: 0. */
    int64_t (*pace_ns)(void *arg);
    void *arg;
} zap_policy_t;

/* The socket at which ZeroMQ asks, as socket.c makes it, which stands above this. */
typedef struct {
    struct bus_socket *(*open)(loop_t *loop,
                               const char *endpoint); /* bound; what comes goes to zap_asked. NULL with a log line on failure */
    bool (*send)(struct bus_socket *self, const text_t *frames, size_t count);
    void (*close)(struct bus_socket **self, const char *endpoint);
} zap_handler_t;

/* ZeroMQ has one place for a process to ask at: it is there from the first zap_enter to the last zap_leave. All must be of
 * one loop. Writes the ZMQ_ZAP_DOMAIN of the socket that asks, and of no other. `policy` is copied, `handler` is not. False
 * with a log line on failure. */
bool zap_enter(loop_t *loop, const zap_handler_t *handler, const zap_policy_t *policy, char domain[static ZAP_DOMAIN_MAX]);

/* A message came to the handler. */
void zap_asked(const text_t *frames, size_t count);

/* The socket of that domain asks no more. */
void zap_leave(const char *domain);
