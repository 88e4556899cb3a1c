/* Accepts connections on an address, or on all addresses of a name. New connections have a share of each turn of the loop (share.h): what `accepted` does for
 * one of them counts. For boundary files. */
#pragma once

#include "common/loop/loop.h"

enum { LISTENER_FDS_RESERVED = 64 /* descriptors that connections must leave to the rest of the process */ };

typedef struct listener listener_t;

/* Takes ownership of the descriptor, which does not block. */
typedef void listener_fn(void *arg, int fd);

/* address: "HOST:PORT", HOST an address, IPv6 as "[V6]:PORT", or a name, of which all addresses are taken. A connection that would use a descriptor that is reserved, of those that
 * RLIMIT_NOFILE allows now, is closed at once; where there is none at all nobody is accepted for a moment. NULL with a log line that names the address and the reason. */
listener_t *listener_new(loop_t *loop, const char *address, listener_fn *accepted, void *arg);

/* Called with `arg` before a connection that would use a reserved descriptor is closed. True: a descriptor was freed for it. */
typedef bool listener_full_fn(void *arg);
void listener_on_full(listener_t *self, listener_full_fn *make_room);

/* The loop must run once more. */
void listener_destroy(listener_t **self);
