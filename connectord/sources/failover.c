#include "connectord/sources/failover.h"

#include "common/clock.h"

#include <assert.h>

static bool is_fit(const failover_t *self, size_t rank)
{
    return self->members[rank].fitness == FAILOVER_FIT;
}

/* When a member will have been as it is for that long. */
static int64_t lasts_ns(const failover_t *self, size_t rank, uint32_t ms)
{
    return self->members[rank].since_ns + ms * NS_PER_MS;
}

/* From when on the member may replace the active one; INT64_MAX: not as things are. */
static int64_t may_take_over_ns(const failover_t *self, size_t rank)
{
    if (rank == self->active || !is_fit(self, rank))
        return INT64_MAX;
    int64_t from_ns = rank < self->active ? lasts_ns(self, rank, self->config.hysteresis_ms) : INT64_MAX;
    if (!is_fit(self, self->active)) {
        int64_t given_up_ns = lasts_ns(self, self->active, self->config.after_ms);
        from_ns = given_up_ns < from_ns ? given_up_ns : from_ns;
    }
    return from_ns;
}

void failover_init(failover_t *self, failover_config_t config)
{
    *self = (failover_t){.config = config};
}

size_t failover_add(failover_t *self, int64_t now_ns)
{
    assert(self->count < FAILOVER_MEMBERS_MAX);
    self->members[self->count] = (failover_member_t){FAILOVER_UNFIT, now_ns};
    return self->count++;
}

static void close_ranks(failover_t *self, size_t rank)
{
    for (size_t i = rank + 1; i < self->count; i++)
        self->members[i - 1] = self->members[i];
}

void failover_remove(failover_t *self, size_t rank)
{
    assert(rank < self->count);
    close_ranks(self, rank);
    self->count--;
    if (self->active > rank)
        self->active--;
    else if (self->active == rank)
        for (self->active = 0; self->active < self->count && !is_fit(self, self->active);)
            self->active++;
    if (self->active >= self->count)
        self->active = 0;
}

void failover_move_last(failover_t *self, size_t rank)
{
    assert(rank < self->count);
    failover_member_t member = self->members[rank];
    close_ranks(self, rank);
    self->members[self->count - 1] = member;
    if (self->active == rank)
        self->active = self->count - 1;
    else if (self->active > rank)
        self->active--;
}

void failover_report(failover_t *self, size_t rank, failover_fitness_t fitness, int64_t now_ns)
{
    assert(rank < self->count);
    if (self->members[rank].fitness != fitness)
        self->members[rank] = (failover_member_t){fitness, now_ns};
}

bool failover_decide(failover_t *self, int64_t now_ns)
{
    for (size_t rank = 0; rank < self->count; rank++) {
        if (may_take_over_ns(self, rank) <= now_ns) {
            self->active = rank;
            return true;
        }
    }
    return false;
}

int64_t failover_due_ns(const failover_t *self)
{
    int64_t due_ns = INT64_MAX;
    for (size_t rank = 0; rank < self->count; rank++) {
        int64_t from_ns = may_take_over_ns(self, rank);
        due_ns = from_ns < due_ns ? from_ns : due_ns;
    }
    return due_ns;
}
