/* ISO 8601 / RFC 3339 times in UTC, from seconds to nanoseconds. */
#pragma once

#include "common/text.h"

enum { TIMESTAMP_MAX = 30 }; /* 2025-11-10T17:24:33.981112345Z */

/* Prints nanoseconds since 1970 (years 1970 to 2262; earlier times count as its start) with 0 to 9 digits of fraction, cut, not rounded. No NUL. Returns the
 * length. */
size_t timestamp_print(char out[static TIMESTAMP_MAX], int64_t ns, int digits);

/* Reads YYYY-MM-DDTHH:MM:SS[.f…][Z|±HH:MM] with 1 to 9 digits of fraction; the offset may be missing and is then UTC; 't',
 * 'z' and a space for the T are taken too (RFC 3339 5.6). A leap second :60 counts as :59. False for any other text, for days
 * that do not exist, and outside of 1970 to 2262. */
bool timestamp_parse(text_t text, int64_t *ns);
