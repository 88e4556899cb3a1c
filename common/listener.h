/* Accepts connections on an address, or on all that a name has, a bounded number in each turn of the loop. For boundary files. */
#pragma once

#include "common/loop.h"

enum {
    LISTENER_ACCEPTS = 32,     /* in a turn: some 5 ms until they stand; at 16 thousands take longer than rings reach back */
    LISTENER_FDS_RESERVED = 64 /* descriptors that connections must leave to the rest of the process */
};

typedef struct listener listener_t;

/* Takes ownership of the descriptor, which does not block. */
typedef void listener_fn(void *arg, int fd);

/* address: "HOST:PORT", HOST an address, IPv6 as "[V6]:PORT", or a name, of which all addresses are taken. A connection that would use a descriptor that is reserved, of those that
 * RLIMIT_NOFILE allows now, is closed at once; where there is none at all nobody is accepted for a moment. NULL with a log line that names the address and the reason. */
listener_t *listener_new(loop_t *loop, const char *address, listener_fn *accepted, void *arg);

/* The loop must run once more. */
void listener_destroy(listener_t **self);
