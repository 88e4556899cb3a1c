/* One of the services that a requester may ask: its link, whether it is in use, and how long it takes to answer. Knows no sockets
 * and no clock.
 *
 *     link up ──▶ probed ──answer──▶ in use ──no answer in time, link down──▶ left out
 *                   ▲                                                            │
 *                   └──────────── while the link stands, time and again ─────────┘
 */
#pragma once

#include "common/bus/round_trip.h"

#include <stdbool.h>
#include <stddef.h>

enum { REPLICA_LATE_MAX = 64, REPLICA_PROBE_MS = 250 };

/* An abandoned request whose answer may still come. */
typedef struct {
    uint64_t id; /* 0: none */
    int64_t sent_ns;
} replica_late_t;

typedef struct {
    bool linked;      /* a connection stands */
    bool used;        /* it answers: ask it before one that is skipped */
    bool probing;     /* a probe is pending */
    int64_t probe_ns; /* no probe before this moment */
    size_t open;      /* pending requests */
    round_trip_t round_trip;
    replica_late_t late[REPLICA_LATE_MAX]; /* a ring */
    size_t late_next;
} replica_t;

/* Better to ask than the other? One in use is better than one that is skipped; then, the one with less to do. */
bool replica_better(const replica_t *self, const replica_t *other);

/* A request of this number was sent at sent_ns and is abandoned. */
void replica_gave_up(replica_t *self, uint64_t id, int64_t sent_ns);

/* An answer to an abandoned request came at now_ns: is the request remembered? Its time is noted. */
void replica_late_answer(replica_t *self, uint64_t id, int64_t now_ns);

/* It did not answer in time, or its link broke, or is new: skipped, and to be probed at once. */
void replica_leave_out(replica_t *self, int64_t now_ns);

/* Is it time for a probe? */
bool replica_probe_due(const replica_t *self, int64_t now_ns);

/* A probe is over. */
void replica_probed(replica_t *self, bool answered, int64_t now_ns);
