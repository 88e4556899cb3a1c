/* A moment in a query, as people and programs write it ("time" in proto/history.md): a time of RFC 3339, less of it, or milliseconds
 * since 1970. A trade's own timestamp keeps its strict form: timestamp.h. */
#pragma once

#include "common/text.h"

/* What messages say was expected. */
#define MOMENT_EXPECTED                                                                                                        \
    "a time (2025-11-10T17:24:33Z), a day (2025-11-10) or milliseconds, not seconds, since 1970 (1762795473937)"

/* Reads into nanoseconds since 1970
 *
 *     2025-11-10                     midnight UTC
 *     2025-11-10T17:24[Z|±HH:MM]     the beginning of the minute
 *     2025-11-10T17:24:33…           what timestamp_parse takes
 *     1762795473937                  milliseconds: 0, or 12 or 13 digits, of which the first is not 0
 *
 * Fewer digits may be seconds, and more microseconds: nobody can tell, so they are refused. False, and *ns untouched, for any other
 * text, and outside of 1970 to 2262. */
bool moment_parse(text_t text, int64_t *ns);

/* The same from the decoded query of a URL, where a '+' that was not escaped has become a space: one before an offset is taken for it. */
bool moment_parse_query(text_t text, int64_t *ns);

/* The same from raw JSON: a string, or milliseconds as a number. */
bool moment_parse_json(text_t raw, int64_t *ns);
