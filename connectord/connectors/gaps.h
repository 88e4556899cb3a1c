/* The exchange's own numbering: every message of a connection, whatever its channel, counts 0, 1, 2 …. A number left out is a message
 * lost on the way.
 *
 * Whether a message that could not be read had a number is unknown: its number may be among what was unreadable, or the exchange may
 * not have counted it. Each such message therefore lets the next number be one higher than expected without being called a hole; the
 * other way round one malformed message would cost a reconnect, and with it good trades.
 *
 * A number below the expected one belongs to a message that came late or twice, or the numbering has begun again in the middle of the
 * connection, as when the exchange lost its own count:
 *
 *     0 where more than 1 was expected            it has begun again
 *     at most GAPS_LATE below the expected one    late, or twice
 *     another one                                 it has begun again as soon as the next message has the number behind it
 *
 * What was lost when it began again is unknown. The numbers that follow are expected from there on.
 */
#pragma once

#include <stdint.h>

enum { GAPS_LATE = 16 };

typedef enum {
    GAPS_NEXT,     /* the one expected */
    GAPS_HOLE,     /* one or more are missing before it */
    GAPS_REPEATED, /* below the one expected: had before, nothing is missing */
    GAPS_RESTARTED /* the numbering has begun again with it, or with the one before */
} gaps_verdict_t;

/* Zeroed at the beginning of each connection. */
typedef struct {
    uint64_t expected; /* by the next message */
    uint64_t unread;   /* messages without a readable number since the last one with */
    uint64_t again;    /* the number that shows that the numbering has begun again; 0: none would */
} gaps_t;

/* Takes the number of the message that came. *expected is what it should have been. */
gaps_verdict_t gaps_check(gaps_t *self, uint64_t found, uint64_t *expected);

/* A message came whose number could not be read. */
void gaps_unread(gaps_t *self);
