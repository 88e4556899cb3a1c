/* The exchange's own numbering: every message of a connection, on any channel, counts 0, 1, 2 …. A missing number is a message
 * lost on the way.
 *
 * It is unknown whether an unreadable message had a number: the number may have been unreadable, too, or the exchange may
 * not have counted it. So each such message lets the next number be one higher than expected without counting as a gap; the
 * alternative would make one malformed message cost a reconnect, and with it good trades.
 *
 * A number below the expected one belongs to a message that came late or twice, or the numbering has restarted in the middle of the
 * connection, as when the exchange lost its own count:
 *
 *     0 where more than 1 was expected            it has restarted
 *     at most GAPS_LATE below the expected one    late, or twice
 *     another one                                 it has restarted if the next message has the number after it
 *
 * What was lost when it restarted is unknown. The following numbers are expected from there on.
 */
#pragma once

#include <stdint.h>

enum { GAPS_LATE = 16 };

typedef enum {
    GAPS_NEXT,     /* the one expected */
    GAPS_HOLE,     /* one or more are missing before it */
    GAPS_REPEATED, /* below the one expected: a repeat, nothing is missing */
    GAPS_RESTARTED /* the numbering has restarted with it, or with the one before */
} gaps_verdict_t;

/* Zeroed at the start of each connection. */
typedef struct {
    uint64_t expected; /* by the next message */
    uint64_t unread;   /* messages without a readable number since the last one with a number */
    uint64_t again;    /* the number that would show that the numbering has restarted; 0: none would */
} gaps_t;

/* Takes the number of a message. *expected is what it should have been. */
gaps_verdict_t gaps_check(gaps_t *self, uint64_t found, uint64_t *expected);

/* A message with an unreadable number came. */
void gaps_unread(gaps_t *self);
