#include "connectord/connectors/gaps.h"

#include <stdbool.h>

/* A number below the one that is expected. */
static gaps_verdict_t check_lower(gaps_t *self, uint64_t found)
{
    bool late = found > 0 ? self->expected - found <= GAPS_LATE : self->expected == 1;
    bool restarted = !late && (found == 0 || found == self->again);
    self->again = late ? 0 : found + 1;
    if (!restarted)
        return GAPS_REPEATED; /* `unread` stays: this tells nothing of the numbers to come */
    *self = (gaps_t){.expected = found + 1};
    return GAPS_RESTARTED;
}

gaps_verdict_t gaps_check(gaps_t *self, uint64_t found, uint64_t *expected)
{
    *expected = self->expected;
    if (found < self->expected)
        return check_lower(self, found);
    gaps_verdict_t verdict = found - self->expected <= self->unread ? GAPS_NEXT : GAPS_HOLE;
    self->expected = found < UINT64_MAX ? found + 1 : found;
    self->unread = self->again = 0;
    return verdict;
}

void gaps_unread(gaps_t *self)
{
    self->unread++;
}
