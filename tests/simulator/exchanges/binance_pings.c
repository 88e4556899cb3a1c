#include "tests/simulator/exchanges/binance_pings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulator/clock.h"

void pings_start(sim_pings_t *self, int64_t now_ns, int64_t interval_ns, uint64_t first_payload)
{
    self->due_ns = now_ns + interval_ns;
    self->last_payload = first_payload;
}

static void drop_oldest(sim_pings_t *self, size_t count)
{
    self->count -= count;
    memmove(self->unanswered, self->unanswered + count, self->count * sizeof self->unanswered[0]);
}

bool pings_take_due(sim_pings_t *self, int64_t now_ns, int64_t interval_ns)
{
    if (now_ns < self->due_ns)
        return false;
    self->due_ns = now_ns + interval_ns;
    self->last_payload++;
    if (self->count < PINGS_KEPT) /* the oldest decide */
        self->unanswered[self->count++] = (sim_ping_t){self->last_payload, now_ns};
    return true;
}

void pings_answered(sim_pings_t *self, const char *payload, size_t length)
{
    char text[24];
    for (size_t i = self->count; i-- > 0;) {
        const int expected = snprintf(text, sizeof text, "%" PRIu64, self->unanswered[i].payload);
        if ((size_t)expected == length && memcmp(text, payload, length) == 0) {
            drop_oldest(self, i + 1);
            return;
        }
    }
}

bool pings_overdue(const sim_pings_t *self, int64_t now_ns, int64_t patience_ns)
{
    return self->count > 0 && now_ns - self->unanswered[0].sent_ns >= patience_ns;
}

bool pings_admit(sim_pings_t *self, int64_t now_ns)
{
    int64_t *oldest = &self->inbound_ns[self->inbound % INBOUND_A_SECOND];
    if (self->inbound >= INBOUND_A_SECOND && now_ns - *oldest < NS_PER_S)
        return false;
    *oldest = now_ns;
    self->inbound++;
    return true;
}
