/* Who on the bus has subscribed to what: each peer by itself, so that none ends what another one wants, and what one has ends with it.
 *
 * libzmq takes whatever is subscribed to, and walks over all of it whenever a subscriber leaves: 80 ns a byte. So what a peer, and all peers
 * together, may subscribe to is bounded here, and whoever goes beyond it has to leave.
 */
#pragma once

#include "connectord/publish/demand.h"

typedef struct listeners listeners_t;

enum {
    LISTENERS_PEER_PREFIXES = 50000,
    LISTENERS_PREFIXES = 500000,         /* of all peers; one that several have counts for each */
    LISTENERS_BYTES = 2 << 20,           /* of all; one that several have counts once */
    LISTENERS_STRANGER_BYTES = 256 << 10 /* of those that offer nothing */
};

/* `demand` hears of the first subscriber of a prefix and of the last one that leaves. NULL when memory runs out. */
listeners_t *listeners_new(demand_t *demand);
void listeners_destroy(listeners_t **self);

/* What came of a message. */
typedef enum {
    LISTENERS_SUBSCRIBED, /* or again */
    LISTENERS_OTHER,      /* the subscription has ended, or there was none */
    LISTENERS_REFUSED     /* `refusal` says who must go, and why */
} listeners_result_t;

typedef struct {
    uint64_t peer;
    const char *reason; /* as for guard_drop (guard.h) */
} listeners_refusal_t;

/* A message of a peer: one frame, a byte 1 (subscribe) or 0 (unsubscribe), and the prefix. Anything else was made up. Who must go may be another
 * peer, that has more. */
listeners_result_t listeners_hear(listeners_t *self, uint64_t peer, const text_t *frames, size_t count,
                                  listeners_refusal_t *refusal);

/* The peer has gone, and all it had with it. Fine for one that had nothing. */
void listeners_leave(listeners_t *self, uint64_t peer);

/* Bytes of the prefixes, each counted once. */
size_t listeners_bytes(const listeners_t *self);
