/* Who on the bus has subscribed to what, by peer: none can end what another one wants, and what one has ends with it.
 *
 * libzmq accepts any subscription, and walks over all of them whenever a subscriber leaves: 80 ns a byte. So what a peer, and all peers
 * together, may subscribe to is bounded here, and a peer that exceeds it has to leave.
 */
#pragma once

#include "connectord/publish/demand.h"

typedef struct bus_subscribers bus_subscribers_t;

enum {
    BUS_SUBSCRIBERS_PEER_PREFIXES = 50000,
    BUS_SUBSCRIBERS_PREFIXES = 500000,          /* of all peers; a shared one counts for each */
    BUS_SUBSCRIBERS_BYTES = 2 << 20,            /* of all; a shared one counts once */
    BUS_SUBSCRIBERS_UNMATCHED_BYTES = 256 << 10 /* of those that match nothing offered */
};

/* `demand` is told of the first subscriber of a prefix and of the last one leaving. NULL when memory runs out. */
bus_subscribers_t *bus_subscribers_new(demand_t *demand);
void bus_subscribers_destroy(bus_subscribers_t **self);

/* The result of a message. */
typedef enum {
    BUS_SUBSCRIBERS_SUBSCRIBED, /* or again */
    BUS_SUBSCRIBERS_OTHER,      /* the subscription has ended, or there was none */
    BUS_SUBSCRIBERS_REFUSED     /* `refusal` says who must go, and why */
} bus_subscribers_result_t;

typedef struct {
    uint64_t peer;
    const char *reason; /* as for guard_drop (guard.h) */
} bus_subscribers_refusal_t;

/* A message of a peer: one frame, a byte 1 (subscribe) or 0 (unsubscribe), and the prefix. Anything else is forged. The one that must go may be another
 * peer, that has more. */
bus_subscribers_result_t bus_subscribers_hear(bus_subscribers_t *self, uint64_t peer, const text_t *frames, size_t count,
                                              bus_subscribers_refusal_t *refusal);

/* The peer has gone, with everything it had. Fine for one that had nothing. */
void bus_subscribers_leave(bus_subscribers_t *self, uint64_t peer);

/* Bytes of the prefixes, each counted once. */
size_t bus_subscribers_bytes(const bus_subscribers_t *self);
