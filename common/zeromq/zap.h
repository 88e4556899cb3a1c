/* What ZeroMQ asks about each connection to a socket that this process has bound, before it is established (ZAP, ZeroMQ RFC 27): whether it is admitted,
 * and under what name. A socket that asks accepts no connection of a peer that can't be asked about: ZMTP before 3.0, unversioned, which is what any text
 * is, an HTTP request of a web page, too.
 *
 * A ROUTER routes by a peer's own name (ZMQ_ROUTING_ID), if it has one, and libzmq 4.3 can do one of two things with a second peer of that
 * name, neither good. It ignores it until it has seen the first one go: a peer that is reopened, or connects twice, waits
 * forever. Or (ZMQ_ROUTER_HANDOVER) it ignores the first one: that one waits forever, its answers go to the one that took its name, and if it still
 * sends something its descriptor is never closed. So the answer to ZAP's question, whose properties override the peer's own, says that
 * the name is empty, and the ROUTER makes one up, as for every peer without a name.
 *
 * A peer may send its name at any time, and the last one counts. So the question is answered a moment later (ZAP_NEAR_MS, ZAP_FAR_MS), when
 * the name has arrived. A peer that takes longer keeps its name: first come, first served. With CURVE the name comes before the question. If names do not
 * matter it is answered at once.
 */
#pragma once

#include "common/loop/loop.h"
#include "common/text.h"

enum {
    ZAP_NEAR_MS = 20,  /* for a peer on this machine */
    ZAP_FAR_MS = 200,  /* for another: a round trip across an ocean */
    ZAP_WAITING = 256, /* questions about connections to ROUTERs that may wait; beyond them they are answered at once */
    ZAP_DOMAIN_MAX = 24,
    ZAP_KEY = 40 /* characters of a public key, in Z85 */
};

/* Who asks to be let in. */
typedef struct {
    text_t address;
    text_t key; /* that it has proved to own, in Z85; empty without CURVE */
} zap_newcomer_t;

typedef enum {
    ZAP_ADMITTED,
    ZAP_REFUSED, /* libzmq's peers never ask again */
    ZAP_NOT_NOW  /* they ask again when the handshake's time is over */
} zap_verdict_t;

typedef struct {
    bool names; /* peers have names that matter: a ROUTER */
    /* Is it admitted? And when its connection stands, 1 and up: its id, which comes as "User-Id" with its messages, beside its key as "Key". */
    zap_verdict_t (*admits)(void *arg, const zap_newcomer_t *newcomer);
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

/* The socket of that domain no longer asks. */
void zap_leave(const char *domain);
