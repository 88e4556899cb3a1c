/* Up to when a stream's trades have been compared with the exchange's candles: from the records of its coverage (coverage.md), so that a restart asks nothing twice
 * and needs no file of its own.
 */
#pragma once

#include "connectord/journal/journal.h"

/* The start of the minute that is to be compared next: behind all that is proved or short; or else the first whole one for which the trades came, be it live or
 * asked for afterwards. What nobody knows is passed over. 0: none yet. Reads at most the last thousand records. */
int64_t checked_until(journal_t *journal, const journal_stream_t *trades, const journal_stream_t *coverage);
