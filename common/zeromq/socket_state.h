/* The inside of a socket (socket.h), for the files that make it up. */
#pragma once

#include "common/curve/curve.h"
#include "common/zeromq/binding.h"
#include "common/zeromq/guard.h"
#include "common/zeromq/socket.h"
#include "common/zeromq/unread.h"
#include "common/zeromq/zap.h"

#include <czmq.h>
#include <uv.h>

/* What CURVE needs of a socket. */
typedef struct {
    bool on;
    size_t server;           /* of one that connects: which of the known servers' keys it expects */
    unsigned failures;       /* handshakes, since one succeeded */
    loop_timer_t *again;     /* connects, or listens, again */
    const char *failure;     /* of one that is bound: why a handshake failed that is about to end */
    bool astray;             /* an XPUB: see socket_curve.c */
    guard_peer_t *sender;    /* of the message that is being handed over, … */
    const known_peer_t *key; /* … and its key */
    size_t closing;          /* listeners, before it listens again */
} socket_curve_t;

struct bus_socket {
    socket_t *next; /* of all that are bound to the network, or connected by it */
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
    char *endpoint; /* that it is bound or connected to */
    binding_t bound;
    socket_curve_t curve;
    socket_t *monitor;           /* tells of connections: for on_link, and of a name's */
    bool by_name;                /* it connects to a name */
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

/* Connects, with the keys of now. */
bool socket_connect_now(socket_t *self);

/* Listens, with the keys of now. False with a log line. */
bool socket_bind_now(socket_t *self);

/* --- socket_take.c --- */

/* Takes a message, hands it over and adds its bytes. False when none waits. */
bool socket_take(socket_t *self, size_t *bytes);

/* A batch: of so many messages at most, and no more when its time is up. Returns how many; *full: there may be more. */
size_t socket_take_batch(socket_t *self, size_t batch, bool *full);

/* --- socket_curve.c --- */

enum { CURVE_FRAME_BYTES = 33 /* that it adds to a frame */ };

/* Of a socket that peers or servers are reached by: it takes part in what becomes of keys. False when memory runs out. */
bool socket_curve_open(socket_t *self);
void socket_curve_close(socket_t *self);

/* The options for the next zmq_bind, and for the next zmq_connect, if there is CURVE. False with a log line. */
bool socket_curve_serve(socket_t *self);
bool socket_curve_connect(socket_t *self);

/* What the monitor tells of one that connects, and of one that is bound. */
void socket_curve_succeeded(socket_t *self);
void socket_curve_failed(socket_t *self, int error);
void socket_curve_note_failure(socket_t *self, int event, int error);
void socket_curve_listener_closed(socket_t *self);

/* Who sent a message, and with which key. False: that is no longer known, and its peer has to go. */
bool socket_curve_sender(socket_t *self, guard_peer_t *peer, text_t key);

/* An XPUB's message, of the sender: does it take effect? */
bool socket_curve_takes(socket_t *self, const text_t *frames, size_t count);

/* Nothing waits. */
void socket_curve_drained(socket_t *self);

/* --- socket_monitor.c --- */

/* What the monitor told of until now. */
void socket_hear_monitor(const socket_t *self);

enum {
    SOCKET_LINK_EVENTS = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED,
    SOCKET_FAILURE_EVENTS =
        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
};

/* Has ZeroMQ tell of these events. False when it can't. */
bool socket_monitor(socket_t *self, int events);

/* Of one that is to be bound: asks about whoever connects (zap.h), and guards against them (guard.h). False when it can't. */
bool socket_guard(socket_t *self, int queue_limit);
