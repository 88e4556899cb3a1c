/* What a guard is told, and its limits: for guard.h and guard_state.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct guard guard_t;
typedef struct guard_peer guard_peer_t;

enum {
    GUARD_NETWORKS_MAX = 64,
    GUARD_CONNECTIONS = 1024,       /* by default, of one socket */
    GUARD_MEMORY_BYTES = 512 << 20, /* by default, of the process */
    GUARD_INPUT_BYTES = 2 << 20, /* of one peer's that wait or are not complete: as sent; libzmq takes up to 32 times as much */
    GUARD_INPUT_ALL_BYTES = 16 << 20,   /* of all peers of a socket */
    GUARD_SUBSCRIPTION_BYTES = 3 << 19, /* the same of one subscriber's: 50,000 subscriptions of 31 bytes */
    GUARD_DENIED_BYTES = 256 << 10,     /* of subscriptions of all peers of a socket that they may not have */
    GUARD_RECEIVE_BYTES =
        128 << 10, /* of a subscriber's that the kernel holds: more than these are not read when it was shut down */
    GUARD_TICK_MS = 50,
    GUARD_GLANCE_MS = 5 /* is the loop in the same call as before? */
};

/* What the configuration says for the sockets of a process. */
typedef struct {
    const char *networks[GUARD_NETWORKS_MAX]; /* network.h; they outlive the sockets */
    size_t network_count;
    size_t connections;    /* to each socket */
    uint64_t memory_bytes; /* that may wait for peers, at all sockets together */
    size_t sockets;        /* that share it */
} guard_config_t;

typedef struct {
    const char *name;                        /* of the socket, in logs and metrics; kept, not copied */
    bool publishes;                          /* an XPUB */
    uint64_t queue_limit;                    /* messages that may wait for one peer */
    void (*on_gone)(void *arg, uint64_t id); /* a connection that had sent something has ended; may be NULL */
    void *arg;
} guard_socket_t;
