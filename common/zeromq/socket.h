/* A ZeroMQ socket on the loop.
 *
 * Messages come as callbacks, at most SOCKET_BATCH of them, or SOCKET_REQUESTS of a ROUTER, and for SOCKET_TURN_US (and what the last one of them
 * takes) before other events get their turn; after each batch `on_drained` says that there is no more for the moment: the place to flush what the messages caused. Sends never block.
 */
#pragma once

#include "common/loop/loop.h"
#include "common/loop/share.h"
#include "common/text.h"

enum {
    SOCKET_BATCH = 1000,
    SOCKET_REQUESTS = 16,            /* each may take milliseconds */
    SOCKET_TURN_US = SHARE_BUS_US,   /* a share of the loop's time */
    SOCKET_FRAMES = 17,              /* a message with more is dropped; of a request what is behind them */
    SOCKET_REQUEST_BYTES = 1 << 20,  /* a ROUTER's peer that sends a longer frame is disconnected */
    SOCKET_SUBSCRIPTION_BYTES = 192, /* an XPUB's: a topic's, and what ZMTP has before it */
    SOCKET_UNREAD_BYTES = 256 << 20, /* of answers that have not been read from one connection */
};

/* An XPUB is told of every subscription that its peer may have, and of every one that ends. A ROUTER serves each connection as a peer of its own, whatever
 * that calls itself (zap.h). Who may connect to a ROUTER or an XPUB, and what a peer may cost: guard.h. */
typedef enum { SOCKET_SUB, SOCKET_XPUB, SOCKET_ROUTER, SOCKET_DEALER } socket_kind_t;

typedef struct {
    /* Of a ROUTER or an XPUB, in logs and metrics; NULL: "socket". Of one that connects what it asks for, whose server's key counts: "bus", "replay",
     * "history". */
    const char *name;
    /* Frames are valid during the call. */
    void (*on_message)(void *arg, const text_t *frames, size_t count);
    /* Of an XPUB instead of on_message, where it is not NULL: a message of a peer, named by a number that no other peer has; and a peer
     * that had sent one has gone. */
    void (*on_peer)(void *arg, uint64_t peer, const text_t *frames, size_t count);
    void (*on_peer_gone)(void *arg, uint64_t peer);
    int64_t (*pace_ns)(void *arg); /* of an XPUB: how long after another one a subscriber's connection may stand; may be NULL */
    /* Of a ROUTER instead of on_message, where it is not NULL: a request. asker: its envelope (envelope.h), for socket_answer. parts: how many
     * frames follow the envelope, of which `body` is the first; one, unless the request is malformed. What has no envelope is dropped, with
     * a log line, since it could not be answered. */
    void (*on_request)(void *arg, text_t asker, text_t body, size_t parts);
    void (*on_drained)(void *arg); /* may be NULL */
    /* Of a socket that connects: a connection to a peer stands, or has broken. What was sent on a connection that broke may be lost. May be NULL. */
    void (*on_link)(void *arg, bool up);
} socket_events_t;

typedef struct bus_socket socket_t;

/* queue_limit: how many messages may wait in each direction and per peer (ZeroMQ's high-water mark); more are dropped (PUB)
 * or refused (DEALER); a ROUTER's answers are bounded by bytes instead (socket_answer). NULL with a log line on failure. `events` is kept, not copied. */
socket_t *socket_new(loop_t *loop, socket_kind_t kind, int queue_limit, const socket_events_t *events, void *arg);

/* False with a log line that names the endpoint and the reason (address in use, …). Hosts may be given by IPv4, by IPv6 in brackets, and by name: all
 * addresses of a name are bound, and each kind in turn is tried to connect, until one is reached. Binding a name may wait for DNS. A socket
 * is bound or connects to one endpoint, once. Where this process has keys (curve.h) only known ones talk to each other; without, a network is listened on only if that
 * is said to be fine. */
bool socket_bind(socket_t *self, const char *endpoint);
bool socket_connect(socket_t *self, const char *endpoint);

/* Connects again, whatever the state of the connection; what is queued on it is lost. Subscriptions stay. */
bool socket_reconnect(socket_t *self);

/* A SUB socket's topics, by prefix. */
void socket_subscribe(socket_t *self, text_t prefix);
void socket_unsubscribe(socket_t *self, text_t prefix);

/* All frames or none; false when it can't be queued now. */
bool socket_send(socket_t *self, const text_t *frames, size_t count);

/* A ROUTER's answer to who asked (on_request). False when more than SOCKET_UNREAD_BYTES would wait to be read from the same connection, or more than
 * the socket's share (guard.h) from all, most of it from this one, or memory runs out; where most would wait for another peer, that is disconnected. A proxy is one connection, however many are behind it: what waits in this process is what the
 * proxy has not taken. It is bounded by bytes alone. */
bool socket_answer(socket_t *self, text_t asker, text_t answer);

/* What who sent the request that is being handed over may (rights.h), and that it asked for what it may not: counts and logs it. right: a literal; what:
 * nothing secret. */
text_t socket_rights(const socket_t *self);
void socket_deny(socket_t *self, const char *right, text_t what);

/* The files of keys may have changed (curve.h): whoever is no longer known, or may not what it might, is disconnected, and sockets that are bound
 * listen with the key of now. */
void socket_renew_keys(void);

/* The peer of an XPUB has to go. reason: as for guard_drop (guard.h). What it had sent before may come yet. */
void socket_drop(socket_t *self, uint64_t peer, const char *reason);

/* Was the last batch a full one, by count or by time? Then more may be waiting, and on_drained comes soon in any case. */
bool socket_has_more(const socket_t *self);

/* Takes nothing while paused: messages wait in ZeroMQ's queue, and then at the peers. */
void socket_pause(socket_t *self, bool paused);

/* No callback comes after it. Unsent messages are dropped. Safe from within its own callbacks; the loop must run once
 * more (loop_destroy does). */
void socket_destroy(socket_t **self);

/* Frees what ZeroMQ holds process-wide, after the last socket and before the process ends. */
void socket_shutdown(void);
