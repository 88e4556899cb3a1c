#include "common/bus/replica.h"

#include "common/clock.h"

bool replica_better(const replica_t *self, const replica_t *other)
{
    return self->used != other->used ? self->used : self->open < other->open;
}

void replica_gave_up(replica_t *self, uint64_t id, int64_t sent_ns)
{
    self->late[self->late_next] = (replica_late_t){id, sent_ns};
    self->late_next = (self->late_next + 1) % REPLICA_LATE_MAX;
}

void replica_late_answer(replica_t *self, uint64_t id, int64_t now_ns)
{
    for (size_t i = 0; i < REPLICA_LATE_MAX; i++) {
        if (self->late[i].id != id)
            continue;
        round_trip_measured(&self->round_trip, now_ns - self->late[i].sent_ns);
        self->late[i].id = 0;
        self->probe_ns = now_ns; /* a sign of life */
    }
}

void replica_leave_out(replica_t *self, int64_t now_ns)
{
    self->used = false;
    self->probe_ns = now_ns;
}

bool replica_probe_due(const replica_t *self, int64_t now_ns)
{
    return self->linked && !self->used && !self->probing && now_ns >= self->probe_ns;
}

void replica_probed(replica_t *self, bool answered, int64_t now_ns)
{
    self->probing = false;
    self->used = answered;
    self->probe_ns = now_ns + REPLICA_PROBE_MS * NS_PER_MS;
}
