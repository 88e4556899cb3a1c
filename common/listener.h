/* Accepts connections on an address, a bounded number in each turn of the loop. For boundary files. */
#pragma once

#include "common/loop.h"

enum {
    LISTENER_ACCEPTS = 256,    /* in a turn: at 16 a busy gateway took longer to let 2,000 in than its rings reach back */
    LISTENER_FDS_RESERVED = 64 /* descriptors that connections must leave to the rest of the process */
};

typedef struct listener listener_t;

/* Takes ownership of the descriptor, which does not block. */
typedef void listener_fn(void *arg, int fd);

/* host: a name or an address, IPv6 without brackets. fd_limit: RLIMIT_NOFILE; a connection that would use what is reserved is closed at once. NULL
 * with errno. */
listener_t *listener_new(loop_t *loop, const char *host, const char *port, unsigned fd_limit, listener_fn *accepted, void *arg);

/* The loop must run once more. */
void listener_destroy(listener_t **self);
