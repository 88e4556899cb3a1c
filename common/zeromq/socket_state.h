/* The inside of a socket (socket.h), for the files that make it up. */
#pragma once

#include "common/zeromq/guard.h"
#include "common/zeromq/socket.h"
#include "common/zeromq/unread.h"
#include "common/zeromq/zap.h"

#include <czmq.h>
#include <uv.h>

struct bus_socket {
    zsock_t *zsock;
    void *zmq; /* of zsock */
    uv_poll_t poll;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    int open_handles;
    bool look;   /* there may be something to take */
    bool more;   /* the last batch was a full one, or took its time */
    bool paused; /* nothing is taken for now */
    bool destroyed;
    const socket_events_t *events;
    void *arg;
    loop_t *loop;
    socket_t *monitor;           /* tells of connections: for on_link, and of a name's */
    char *name;                  /* the endpoint that it connects to, where that is a name; else NULL */
    bool ipv6;                   /* the name is tried by IPv6 now */
    int64_t turn_ns;             /* since when */
    unread_t *unread;            /* of a ROUTER, NULL of others */
    guard_t *guard;              /* of a ROUTER and an XPUB, NULL of others */
    bool publishes;              /* an XPUB */
    bool skipping;               /* the rest of a message that has too many frames */
    char domain[ZAP_DOMAIN_MAX]; /* empty: its connections are not asked about */
};

/* --- socket_life.c --- */

/* Of a ZeroMQ type; serves: peers that nobody knows may connect to it. NULL with a log line. */
socket_t *socket_open(loop_t *loop, int type, int queue_limit, bool serves, const socket_events_t *events, void *arg);

/* --- socket_take.c --- */

/* Takes a message, hands it over and adds its bytes. False when none waits. */
bool socket_take(socket_t *self, size_t *bytes);

/* A batch: of so many messages at most, and no more when its time is up. Returns how many; *full: there may be more. */
size_t socket_take_batch(socket_t *self, size_t batch, bool *full);

/* --- socket_monitor.c --- */

enum { SOCKET_LINK_EVENTS = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED };

/* Has ZeroMQ tell of these events. False when it can't. */
bool socket_monitor(socket_t *self, int events);

/* Of one that is to be bound: asks about whoever connects (zap.h), and guards against them (guard.h). False when it can't. */
bool socket_guard(socket_t *self, int queue_limit);
