/* Times as sources count them: seconds, milliseconds, … since 1970, with or without a fraction, exactly. */
#pragma once

#include "common/text.h"

/* Reads digits, and a fraction behind a point, as a count of units of unit_ns nanoseconds (1 to 10⁹, a power of ten). *digits: of the second's
 * fraction that the text tells, 0 to 9, for timestamp_print. False for any other text, for what is finer than a nanosecond unless it is zero, and after 2262. */
bool epoch_time_parse(text_t text, int64_t unit_ns, int64_t *ns, int *digits);
