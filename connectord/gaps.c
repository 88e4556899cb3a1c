#include "connectord/gaps.h"

gaps_verdict_t gaps_check(gaps_t *self, uint64_t found, uint64_t *expected)
{
    *expected = self->expected;
    if (found < self->expected)
        return GAPS_REPEATED; /* `unread` stays: this tells nothing of the numbers to come */
    gaps_verdict_t verdict = found - self->expected <= self->unread ? GAPS_NEXT : GAPS_HOLE;
    self->expected = found < UINT64_MAX ? found + 1 : found;
    self->unread = 0;
    return verdict;
}

void gaps_unread(gaps_t *self)
{
    self->unread++;
}
