/* Accepts connections on an address, or on all addresses of a name. New connections have a share of each turn of the loop (share.h): what `accepted` does for
 * one of them counts. For boundary files. */
#pragma once

#include "common/loop/loop.h"

enum { LISTENER_FDS_RESERVED = 64 /* descriptors that connections must leave to the rest of the process */ };

typedef struct listener listener_t;

/* Takes ownership of the descriptor, which does not block. */
typedef void listener_fn(void *arg, int fd);

/* address: "HOST:PORT", HOST an address, IPv6 as "[V6]:PORT", or a name, of which all addresses are taken. share: other processes of the same user listen there, too, and each connection comes to one of all. A connection that would use a descriptor that is reserved, of those that
 * RLIMIT_NOFILE allows now, is closed at once; where there is none at all nobody is accepted for a moment. NULL with a log line that names the address and the reason. */
listener_t *listener_new(loop_t *loop, const char *address, bool share, listener_fn *accepted, void *arg);

/* Called with `arg` before a connection that would use a reserved descriptor is closed. True: a descriptor was freed for it. */
typedef bool listener_full_fn(void *arg);
void listener_on_full(listener_t *self, listener_full_fn *make_room);

/* Accepts all who wait to be, as they would be lost with the listener: those of one that shares its address have come to it alone. */
void listener_take_waiting(listener_t *self);

/* The loop must run once more. */
void listener_destroy(listener_t **self);
