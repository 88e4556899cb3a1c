/* What guard.c, on the loop, and guard_watch.c, on a thread, share. The loop changes guards and their peers while it holds
 * the lock, and reads them without. */
#pragma once

#include "common/net/network.h"
#include "common/zeromq/guard_config.h"

#include <pthread.h>
#include <stdatomic.h>

enum { GUARD_ROUTE_MAX = 255, GUARD_REASONS_MAX = 16, GUARD_RIGHTS_MAX = 6, GUARD_KEY = 40 };

struct guard_peer {
    int fd;
    uint64_t cookie;   /* of the kernel's socket: descriptors are reused, cookies are not */
    uint64_t first_id; /* its id is this one or a later one */
    uint64_t id;       /* 0: it has sent nothing yet */
    int64_t since_ns;
    char address[NETWORK_ADDRESS_MAX];
    char route[GUARD_ROUTE_MAX];
    size_t route_length;
    char key[GUARD_KEY + 1]; /* public, in Z85; empty: without CURVE */
    size_t denied;           /* bytes of subscriptions that it may not have */
    uint64_t rights;         /* that the key had when it first said something: a hash of them */

    _Atomic(const char *) reason;  /* why it was dropped; NULL: it was not */
    atomic_uint_fast64_t taken;    /* bytes */
    atomic_uint_fast64_t complete; /* completing a message now completes at least this many bytes */
    atomic_uint_fast64_t forgiven; /* bytes that were taken for pings */

    /* The watch's own. */
    uint64_t received; /* bytes, when it last looked */
    uint64_t pending;  /* received and not taken */
    uint64_t waiting;  /* for it, bytes */
    struct {
        uint64_t messages, bytes, taken; /* published, and taken by it, when nothing waited for it */
    } even;
};

typedef struct {
    const char *reason;
    uint64_t count;
} guard_count_t;

struct guard {
    guard_t *next;
    guard_socket_t socket;
    guard_config_t config;
    guard_peer_t **peers, **by_fd;
    size_t count, room, fds;
    uint64_t last_id;
    uint64_t port;        /* 0: none, it is ipc's */
    uint64_t share_bytes; /* that may wait for its peers */
    atomic_bool drained;
    atomic_uint_fast64_t messages, bytes; /* published */
    atomic_uint_fast64_t calls;           /* of libzmq that were begun, and that were ended: odd inside one */
    uint64_t calls_seen;                  /* by the watch, when it looked last */
    guard_count_t ended[GUARD_REASONS_MAX], denied[GUARD_RIGHTS_MAX];
};

/* The guards of the process, and their lock. */
extern guard_t *guards;
extern pthread_mutex_t guards_lock;

/* libzmq closes it then. The peer is told at once, whatever it has sent. */
void guard_end_connection(int fd);

/* The same for a peer, unless it has been already, or its descriptor is another's now. */
void guard_shut(guard_peer_t *peer, const char *reason);
