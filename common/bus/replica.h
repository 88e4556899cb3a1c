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

/* A question that was given up, whose answer may come yet. */
typedef struct {
    uint64_t id; /* 0: none */
    int64_t sent_ns;
} replica_late_t;

typedef struct {
    bool linked;      /* a connection stands */
    bool used;        /* it answers: ask it before one that is left out */
    bool probing;     /* a probe is under way */
    int64_t probe_ns; /* no probe before this moment */
    size_t open;      /* questions under way */
    round_trip_t round_trip;
    replica_late_t late[REPLICA_LATE_MAX]; /* a ring */
    size_t late_next;
} replica_t;

/* Better to ask than the other? One in use is better than one left out; then, who has less to do. */
bool replica_better(const replica_t *self, const replica_t *other);

/* A question of this number was sent at sent_ns and is given up. */
void replica_gave_up(replica_t *self, uint64_t id, int64_t sent_ns);

/* An answer came at now_ns to a question that was given up: is it one that is remembered? Its time is taken. */
void replica_late_answer(replica_t *self, uint64_t id, int64_t now_ns);

/* It did not answer in time, or its link broke, or is new: left out, and to be probed at once. */
void replica_leave_out(replica_t *self, int64_t now_ns);

/* Is it time for a probe? */
bool replica_probe_due(const replica_t *self, int64_t now_ns);

/* A probe is over. */
void replica_probed(replica_t *self, bool answered, int64_t now_ns);
